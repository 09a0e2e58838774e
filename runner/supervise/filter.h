// The seccomp filter that makes the kernel stop targets at the system calls a Plan names, and at no others.
#pragma once

#include <vector>

#include "base/error.h"
#include "plan/plan.h"

namespace rehang {

// Bytes of struct sock_filter for seccomp(2). SECCOMP_RET_TRACE for the system calls of points, with
// the arguments that they ask for, and for those that arm a timer which sends a signal (alarm, setitimer): a
// process that has one is never proven stuck. Everything else runs at native speed.
Expected<std::vector<unsigned char>> build_filter(const Plan& plan);

}  // namespace rehang
