// The seccomp filter that makes the kernel stop targets at the system calls a Plan names, and at no others.
#pragma once

#include <string>

#include "base/error.h"
#include "plan/plan.h"
#include "plan/target_filter.h"

namespace rehang {

// The filter of the [[process]] `root`. Each call has one way to the runner:
//   SECCOMP_RET_TRACE       stops it for the tracer: calls of points, of faults that last (delays, holds),
//                           change arguments or the call, or have to do with its end, and those that every
//                           run watches: timers that send a signal (a process that has one is never proven
//                           stuck), children that would not be traced (CLONE_UNTRACED, and clone3, whose
//                           flags no filter can see), ptrace, filters;
//   SECCOMP_RET_USER_NOTIF  asks the listener: calls of all other faults. Where `can_notify` is false they
//                           are stopped, too;
//   SECCOMP_RET_ERRNO       answers at once: faults that are in_kernel, where nobody else wants the call.
// Only with the arguments that are asked for. The same for calls of the same name by the conventions of
// 32-bit and x32 programs, which every program can use. Everything else runs at native speed.
// Where there are fakes, every call that may be about one of them asks, too, and those of their requests that
// may have to wait for a signal are stopped (filter_fakes.h).
Expected<TargetFilter> build_filter(const Plan& plan, const std::string& root, bool can_notify);

// Some [[process]] is stopped at some such calls, whatever their arguments.
bool stops_at(const Plan& plan, int call);

}  // namespace rehang
