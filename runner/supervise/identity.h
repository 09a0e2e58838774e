// What /proc/TID tells of one thread that is traced, where ptrace does not. Source: proc(5).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace rehang {

// Zeros if the thread is gone.
struct Identity {
    pid_t process = 0;
    pid_t inner_tid = 0;  // in the innermost pid namespace
};
Identity identity_of(pid_t tid);

// Its current name, as in /proc/TID/comm; empty if it is gone.
std::string thread_name(pid_t tid);

// 'R' runs or could, 'S' sleeps, … (proc(5), /proc/TID/stat); 0 if it is gone.
char thread_state(pid_t tid);

// Of the auxiliary vector that the kernel gave the program (getauxval(3)); 0: not there.
std::uint64_t auxiliary_value(pid_t pid, std::uint64_t type);

// The program that a process runs.
struct Program {
    std::string called;  // as execve(2) was given it: of a script, its own path
    std::string file;    // what was executed in the end: of a script, its interpreter

    // `pattern` as in fnmatch(3): compared with whole paths if it has a slash, else with their last parts.
    bool matches(const std::string& pattern) const;
};
// Of a process that is stopped at the end of its execve; empty texts if it is gone.
Program program_of(pid_t pid);

// A 32-bit program, or one of x32: addresses have 32 bits.
bool runs_32_bit_program(pid_t pid);

// The children that this thread has made, and that have not been waited for.
std::vector<pid_t> children_of(pid_t tid);

}  // namespace rehang
