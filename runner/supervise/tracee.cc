#include "supervise/tracee.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>

namespace rehang {
namespace {

void* as_pointer(std::uint64_t value) {
    return reinterpret_cast<void*>(value);  // NOLINT(performance-no-int-to-ptr): how ptrace(2) takes numbers
}

bool poke_debug_register(pid_t tid, size_t index, std::uint64_t value) {
    const size_t offset = offsetof(user, u_debugreg) + index * sizeof(user::u_debugreg[0]);
    return ::ptrace(PTRACE_POKEUSER, tid, as_pointer(offset), as_pointer(value)) == 0;
}

}  // namespace

Expected<void> seize(pid_t tid, IfTracerEnds then) {
    std::uint64_t options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                            PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_TRACESECCOMP |
                            PTRACE_O_TRACESYSGOOD;
    if (then == IfTracerEnds::kill) options |= PTRACE_O_EXITKILL;
    if (::ptrace(PTRACE_SEIZE, tid, nullptr, as_pointer(options)) != 0)
        return failure(fmt::format("can't trace process {}", tid));
    return {};
}

bool resume(pid_t tid, Resume how, int signal) {
    const auto request = how == Resume::run               ? PTRACE_CONT
                         : how == Resume::stay_stopped    ? PTRACE_LISTEN
                         : how == Resume::one_instruction ? PTRACE_SINGLESTEP
                                                          : PTRACE_SYSCALL;
    return ::ptrace(request, tid, nullptr, as_pointer(static_cast<std::uint64_t>(signal))) == 0;
}

bool interrupt(pid_t tid) {
    return ::ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr) == 0;
}

bool is_interruption(int status) {
    return WIFSTOPPED(status) && status >> 8 == (SIGTRAP | PTRACE_EVENT_STOP << 8);
}

bool is_stop_signal(int signal) {
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

std::optional<unsigned long> event_message(pid_t tid) {
    unsigned long message = 0;
    if (::ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &message) != 0) return std::nullopt;
    return message;
}

std::optional<user_regs_struct> registers(pid_t tid) {
    user_regs_struct all{};
    if (::ptrace(PTRACE_GETREGS, tid, nullptr, &all) != 0) return std::nullopt;
    return all;
}

bool set_registers(pid_t tid, const user_regs_struct& all) {
    user_regs_struct copy = all;
    return ::ptrace(PTRACE_SETREGS, tid, nullptr, &copy) == 0;
}

namespace {

// The thread is as it was just before the instruction that made the call.
void step_back(pid_t tid, user_regs_struct state) {
    constexpr unsigned instruction = 2;  // bytes of `syscall`, and of `int 0x80`
    state.rax = state.orig_rax;
    state.orig_rax = ~0ULL;  // no call
    state.rip -= instruction;
    set_registers(tid, state);
}

}  // namespace

void begin_interrupted_call_again(pid_t tid) {
    const auto state = registers(tid);
    if (!state || static_cast<std::int64_t>(state->orig_rax) < 0) return;
    if (static_cast<std::int64_t>(state->rax) == -EINTR) step_back(tid, *state);
}

void detach(pid_t tid, int signal) {
    ::ptrace(PTRACE_DETACH, tid, nullptr, as_pointer(static_cast<std::uint64_t>(signal)));
}

void step_back_before_call(pid_t tid) {
    const auto stop = system_call_stop(tid);
    if (!stop || stop->op == PTRACE_SYSCALL_INFO_EXIT) return;
    const auto state = registers(tid);
    const bool is_answered =
        state && static_cast<std::int64_t>(state->orig_rax) < 0;  // by a fault: it is over
    if (state && !is_answered) step_back(tid, *state);
}

int set_breakpoints(pid_t tid, std::span<const Breakpoint> breakpoints) {
    REHANG_CHECK(breakpoints.size() <= max_breakpoints);
    constexpr size_t control = 7;
    // An address of an enabled breakpoint can't be changed.
    if (!poke_debug_register(tid, control, 0)) return errno;
    std::uint64_t enabled = 0;
    for (size_t i = 0; i < breakpoints.size(); ++i) {
        if (!poke_debug_register(tid, i, breakpoints[i].address)) return errno;
        enabled |= std::uint64_t{1} << (2 * i);                        // L0–L3; R/W and LEN 0: on execution
        constexpr std::uint64_t eight_bytes_read_or_written = 0b1011;  // LEN, R/W
        if (breakpoints[i].kind == Breakpoint::Kind::access)
            enabled |= eight_bytes_read_or_written << (16 + 4 * i);
    }
    return breakpoints.empty() || poke_debug_register(tid, control, enabled) ? 0 : errno;
}

std::optional<std::bitset<max_breakpoints>> breakpoints_hit(pid_t tid) {
    siginfo_t info{};
    if (::ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) != 0 || info.si_code != TRAP_HWBKPT)
        return std::nullopt;
    constexpr size_t status = offsetof(user, u_debugreg) + 6 * sizeof(user::u_debugreg[0]);
    errno = 0;
    const long hit = ::ptrace(PTRACE_PEEKUSER, tid, as_pointer(status), nullptr);
    if (errno != 0) return std::nullopt;
    return std::bitset<max_breakpoints>(static_cast<unsigned long>(hit));  // B0–B3 are the lowest bits
}

bool trapped_without_reason(pid_t tid) {
    siginfo_t info{};
    return ::ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) == 0 && info.si_code == TRAP_BRKPT;
}

bool skip_breakpoint(pid_t tid, user_regs_struct state) {
    constexpr unsigned long long resume_flag = 1U << 16;  // RF; Intel SDM volume 3, chapter 18
    state.eflags |= resume_flag;
    return set_registers(tid, state);
}

std::optional<__ptrace_syscall_info> system_call_stop(pid_t tid) {
    __ptrace_syscall_info stop{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, tid, as_pointer(sizeof stop), &stop) <= 0) return std::nullopt;
    if (stop.op == PTRACE_SYSCALL_INFO_NONE) return std::nullopt;
    return stop;
}

// TRAP_TRACE after an instruction, TRAP_BRKPT after one that was a system call (report_single_step() in the
// kernel; an int3 of the target has SI_KERNEL).
bool has_stepped(pid_t tid) {
    siginfo_t info{};
    return ::ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) == 0 && info.si_signo == SIGTRAP &&
           (info.si_code == TRAP_TRACE || info.si_code == TRAP_BRKPT);
}

bool has_untold_trap(pid_t tid) {
    constexpr int most = 8;  // signals for this one thread; a trap is the first or nearly so
    std::array<siginfo_t, most> waiting{};
    __ptrace_peeksiginfo_args from_the_first{.off = 0, .flags = 0, .nr = most};
    const long count = ::ptrace(PTRACE_PEEKSIGINFO, tid, &from_the_first, waiting.data());
    // Codes above 0 are the kernel's own: nobody sent them.
    return count > 0 && std::any_of(waiting.begin(), waiting.begin() + count, [](const siginfo_t& info) {
               return info.si_signo == SIGTRAP && info.si_code > 0;
           });
}

std::vector<unsigned char> extended_registers(pid_t tid) {
    std::vector<unsigned char> bytes(size_t{16} *
                                     1024);  // more than any CPU has; Intel SDM volume 1, chapter 13
    iovec all{.iov_base = bytes.data(), .iov_len = bytes.size()};
    if (::ptrace(PTRACE_GETREGSET, tid, as_pointer(NT_X86_XSTATE), &all) != 0) return {};
    bytes.resize(all.iov_len);
    return bytes;
}

std::optional<KernelWritten> restartable_sequence_area(pid_t tid) {
    __ptrace_rseq_configuration area{};
    if (::ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, as_pointer(sizeof area), &area) < 0) return std::nullopt;
    if (area.rseq_abi_pointer == 0) return KernelWritten{};
    return KernelWritten{.address = area.rseq_abi_pointer, .size = area.rseq_abi_size};
}

bool write_code(pid_t tid, std::uint64_t address, std::span<const unsigned char> code) {
    for (size_t done = 0; done < code.size();) {
        errno = 0;
        long word = ::ptrace(PTRACE_PEEKTEXT, tid, as_pointer(address + done), nullptr);
        if (errno != 0) return false;
        const size_t part = std::min(sizeof word, code.size() - done);
        std::memcpy(&word, code.data() + done, part);
        if (::ptrace(PTRACE_POKETEXT, tid, as_pointer(address + done),
                     as_pointer(static_cast<std::uint64_t>(word))) != 0)
            return false;
        done += part;
    }
    return true;
}

bool read_memory(pid_t pid, std::uint64_t address, void* into, size_t size) {
    const iovec local{.iov_base = into, .iov_len = size};
    const iovec remote{.iov_base = as_pointer(address), .iov_len = size};
    return ::process_vm_readv(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

bool write_memory(pid_t pid, std::uint64_t address, const void* from, size_t size) {
    const iovec local{.iov_base = const_cast<void*>(from), .iov_len = size};
    const iovec remote{.iov_base = as_pointer(address), .iov_len = size};
    return ::process_vm_writev(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace rehang
