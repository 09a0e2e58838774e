// Whether what a fault asks about a system call holds: reads the caller's memory and descriptors.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "scenario/call_condition.h"
#include "supervise/system_call.h"

namespace rehang {

// The thread `tid` of process `pid` stands before the call. False if it is gone, or what the condition is
// about can't be read: the kernel could not read it either. Another thread of the caller may change memory
// between this look and the call (seccomp_unotify(2), "Design goals; use of
// SECCOMP_USER_NOTIF_FLAG_CONTINUE").
bool holds(const CallCondition& condition, const SystemCall& call, pid_t pid, pid_t tid);

// The path that the call names there, absolute, with "." and ".." resolved; empty if it can't be read.
std::string path_named(const PathCondition::Argument& argument, const SystemCall& call, pid_t pid, pid_t tid);

// What a descriptor of the process is open on, by all the names that a DescriptorCondition can mean; empty if
// it is not open.
std::vector<std::string> descriptor_names(pid_t pid, pid_t tid, int descriptor);

}  // namespace rehang
