// What /proc/TID tells of one thread that is traced, where ptrace does not. Source: proc(5).
#pragma once

#include <sys/types.h>

#include <string>

namespace rehang {

// Zeros if the thread is gone.
struct Identity {
    pid_t process = 0;
    pid_t inner_tid = 0;  // in the innermost pid namespace
};
Identity identity_of(pid_t tid);

// Its current name, as in /proc/TID/comm; empty if it is gone.
std::string thread_name(pid_t tid);

}  // namespace rehang
