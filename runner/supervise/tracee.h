// ptrace(2) for one stopped thread, on x86_64. All of these need the thread to be in a ptrace-stop; one that
// was killed meanwhile gives false or nothing, which is a normal event, never an error.
#pragma once

#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>

#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"

namespace rehang {

// What becomes of tracees when the thread that traces them ends.
enum class IfTracerEnds {
    kill,    // they get SIGKILL
    let_go,  // they are as if nobody had ever traced them; those that were stopped go on
};

// Attaches without stopping it, to be told of forks, threads, executions, exits and traced system calls of it
// and all that descends.
Expected<void> seize(pid_t tid, IfTracerEnds then);

enum class Resume {
    run,              // PTRACE_CONT
    to_system_call,   // PTRACE_SYSCALL: to the next entry or exit; out of a seccomp stop, to that call's exit
    stay_stopped,     // PTRACE_LISTEN, out of a group-stop: until SIGCONT
    one_instruction,  // PTRACE_SINGLESTEP
};
bool resume(pid_t tid, Resume how, int signal);
// Asks a running thread for a PTRACE_EVENT_STOP.
bool interrupt(pid_t tid);
// A wait status that may tell of that; a new thread's first stop looks the same.
bool is_interruption(int status);
// One of those that stop a process (signal(7)); with PTRACE_EVENT_STOP: it is in a group-stop.
bool is_stop_signal(int signal);

std::optional<unsigned long> event_message(pid_t tid);
std::optional<user_regs_struct> registers(pid_t tid);
bool set_registers(pid_t tid, const user_regs_struct& all);

// The thread was interrupted in a system call. Most calls then begin again by themselves; this does the same
// for one that would answer EINTR (signal(7), "Interruption of system calls by stop signals").
void begin_interrupted_call_again(pid_t tid);
// A stopped thread is traced no more, and goes on with the signal, 0 for none.
void detach(pid_t tid, int signal);

// A thread that is stopped at the begin of a system call will not make it: it is as it was just before the
// instruction. No effect on others.
void step_back_before_call(pid_t tid);

// Debug registers DR0–DR3 of this one thread. Source: Intel SDM volume 3, chapter 18; ptrace(2)
// PTRACE_POKEUSER.
struct Breakpoint {
    enum class Kind {
        execution,  // stops before the instruction at this address
        access,     // stops after an instruction that read or wrote these 8 bytes, aligned
    };
    std::uint64_t address = 0;
    Kind kind = Kind::execution;
    bool operator==(const Breakpoint&) const = default;
};
inline constexpr size_t max_breakpoints = 4;
// 0, or an errno: ESRCH if the thread is gone.
int set_breakpoints(pid_t tid, std::span<const Breakpoint> breakpoints);
// Which of those that are set the thread has hit (si_code TRAP_HWBKPT), by index. Nothing for any other
// SIGTRAP.
std::optional<std::bitset<max_breakpoints>> breakpoints_hit(pid_t tid);

// A trap for which the processor gave no reason (si_code TRAP_BRKPT): the kernel takes it for an `int1` of
// the program. It may be a breakpoint, too: hypervisors have lost what the debug status register said (KVM
// before Linux 6.14, CVE-2025-21839).
bool trapped_without_reason(pid_t tid);
// The thread is at an execution breakpoint, and going on does not hit it again. The kernel has seen to that
// where it knows of the hit.
bool skip_breakpoint(pid_t tid, user_regs_struct state);

// What the kernel tells of a stop at the entry or exit of a system call, or at the filter. Nothing elsewhere.
std::optional<__ptrace_syscall_info> system_call_stop(pid_t tid);

// The stop comes from Resume::one_instruction.
bool has_stepped(pid_t tid);
// The thread has hit a breakpoint or executed its one instruction, and another stop is told first:
// interrupt() overtakes signals. This one is told as soon as the thread goes on.
bool has_untold_trap(pid_t tid);
// Vector and floating point registers as XSAVE lays them out (NT_X86_XSTATE). Empty if it is gone.
std::vector<unsigned char> extended_registers(pid_t tid);

// A few bytes that the kernel itself writes to whenever the thread is put on a CPU (rseq(2)).
struct KernelWritten {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
};
// Size 0 where the thread has none. Nothing where the kernel does not tell (before Linux 5.13).
std::optional<KernelWritten> restartable_sequence_area(pid_t tid);

bool write_code(pid_t tid, std::uint64_t address, std::span<const unsigned char> code);
// The thread need not be stopped for this one. False if not all of it could be read.
bool read_memory(pid_t pid, std::uint64_t address, void* into, size_t size);
bool write_memory(pid_t pid, std::uint64_t address, const void* from, size_t size);

}  // namespace rehang
