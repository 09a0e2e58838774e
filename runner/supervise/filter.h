// The seccomp filter that makes the kernel stop targets at the system calls a Plan names, and at no others.
#pragma once

#include <vector>

#include "base/error.h"
#include "plan/plan.h"

namespace rehang {

// Bytes of struct sock_filter for seccomp(2). SECCOMP_RET_TRACE for the system calls of points, with the
// arguments that they ask for, and for those that every run watches: timers that send a signal (a process
// that has one is never proven stuck), children that would not be traced (CLONE_UNTRACED, and clone3, whose
// flags no filter can see), ptrace, filters. The same for calls of the same name by the conventions of 32-bit
// and x32 programs, which every program can use. Everything else runs at native speed.
Expected<std::vector<unsigned char>> build_filter(const Plan& plan);

}  // namespace rehang
