// ptrace(2) for one stopped thread, on x86_64. All of these need the thread to be in a ptrace-stop; one that
// was killed meanwhile gives false or nothing, which is a normal event, never an error.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"

namespace rehang {

// Attaches without stopping it, to be told of forks, threads, executions, exits and traced system calls of it
// and all that descends.
Expected<void> seize(pid_t tid);

enum class Resume {
    run,                  // PTRACE_CONT
    to_system_call_exit,  // PTRACE_SYSCALL, out of a seccomp stop: next stop is the call's exit
    stay_stopped,         // PTRACE_LISTEN, out of a group-stop: until SIGCONT
};
bool resume(pid_t tid, Resume how, int signal);
// Asks a running thread for a PTRACE_EVENT_STOP.
bool interrupt(pid_t tid);

std::optional<unsigned long> event_message(pid_t tid);
std::optional<user_regs_struct> registers(pid_t tid);

// Debug registers DR0–DR3: execution breakpoints of this one thread. Source: Intel SDM volume 3, chapter 18;
// ptrace(2) PTRACE_POKEUSER.
inline constexpr size_t max_breakpoints = 4;
bool set_breakpoints(pid_t tid, std::span<const std::uint64_t> addresses);
// The stop is a breakpoint's (si_code TRAP_HWBKPT): the thread's pc is the address. Nothing for any other
// SIGTRAP.
std::optional<std::uint64_t> breakpoint_hit(pid_t tid);

bool write_code(pid_t tid, std::uint64_t address, std::span<const unsigned char> code);
// The thread need not be stopped for this one. False if not all of it could be read.
bool read_memory(pid_t pid, std::uint64_t address, void* into, size_t size);

}  // namespace rehang
