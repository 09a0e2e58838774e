#include "supervise/system_call.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/names.h"
#include "supervise/tracee.h"

namespace rehang {
namespace {

constexpr std::uint64_t x32_bit = 0x40000000;  // __X32_SYSCALL_BIT, syscall(2)

Convention convention_of(std::uint32_t architecture, std::uint64_t number) {
    if (architecture == AUDIT_ARCH_I386) return Convention::i386;
    return (number & x32_bit) != 0 ? Convention::x32 : Convention::x86_64;
}

void name_it(SystemCall& call, std::uint64_t number) {
    if (call.convention == Convention::x86_64) {
        call.number = static_cast<int>(number);
        call.name = syscall_name(call.number);
        return;
    }
    struct Free {
        void operator()(char* text) const { std::free(text); }
    };
    const auto there = call.convention == Convention::x32 ? SCMP_ARCH_X32 : SCMP_ARCH_X86;
    const std::unique_ptr<char, Free> name(
        ::seccomp_syscall_resolve_num_arch(there, static_cast<int>(number)));
    call.name = name ? name.get() : std::to_string(number);
    // Negative for those that x86_64 does not have.
    call.number = std::max(-1, ::seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, call.name.c_str()));
}

std::array<std::uint64_t, most_arguments> arguments_in(const user_regs_struct& r, Convention convention) {
    if (convention == Convention::i386) return {r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp};
    return {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9};
}

}  // namespace

bool SystemCall::meets(int wanted, const std::vector<ArgumentCondition>& where) const {
    return number == wanted && std::ranges::all_of(where, [&](const ArgumentCondition& condition) {
               return condition.matches(arguments.at(condition.index));
           });
}

std::optional<SystemCall> system_call_of(pid_t tid) {
    const auto stop = system_call_stop(tid);
    const auto state = stop ? registers(tid) : std::nullopt;
    if (!state) return std::nullopt;
    SystemCall call;
    call.convention = convention_of(stop->arch, state->orig_rax);
    name_it(call, state->orig_rax);
    call.arguments = arguments_in(*state, call.convention);  // they stay there until the exit
    if (stop->op == PTRACE_SYSCALL_INFO_EXIT) call.answer = stop->exit.rval;
    return call;
}

void change_first_argument(pid_t tid, Convention convention, std::uint64_t value) {
    auto state = registers(tid);
    if (!state) return;
    (convention == Convention::i386 ? state->rbx : state->rdi) = value;
    set_registers(tid, *state);  // fails only for one that was killed
}

void refuse_call(pid_t tid) {
    auto state = registers(tid);
    if (!state) return;
    state->orig_rax = ~0ULL;  // no call: seccomp(2), SECCOMP_RET_TRACE
    state->rax = static_cast<std::uint64_t>(-EPERM);
    set_registers(tid, *state);
}

}  // namespace rehang
