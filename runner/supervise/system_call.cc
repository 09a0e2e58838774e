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

struct Free {
    void operator()(char* text) const { std::free(text); }
};
using Name = std::unique_ptr<char, Free>;

std::uint32_t architecture_of(Convention convention) {
    if (convention == Convention::x86_64) return SCMP_ARCH_X86_64;
    return convention == Convention::x32 ? SCMP_ARCH_X32 : SCMP_ARCH_X86;
}

Name name_there(Convention convention, int number) {
    return Name(::seccomp_syscall_resolve_num_arch(architecture_of(convention), number));
}

void number_it(SystemCall& call, std::uint64_t number) {
    call.handed_on = (static_cast<std::uint32_t>(number) & handed_on_mask) == handed_on_base;
    if (call.handed_on) number = static_cast<std::uint32_t>(number) - handed_on_base;
    call.number = call.called = static_cast<int>(number);
    if (call.convention == Convention::x86_64) return;
    const Name name = name_there(call.convention, call.called);
    // Negative for those that x86_64 does not have.
    call.number = name ? std::max(-1, ::seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name.get())) : -1;
}

// The registers that hold the arguments.
std::array<unsigned long long*, most_arguments> registers_of(user_regs_struct& r, Convention convention) {
    if (convention == Convention::i386) return {&r.rbx, &r.rcx, &r.rdx, &r.rsi, &r.rdi, &r.rbp};
    return {&r.rdi, &r.rsi, &r.rdx, &r.r10, &r.r8, &r.r9};
}

}  // namespace

std::string SystemCall::name() const {
    if (convention == Convention::x86_64) return syscall_name(number);
    const Name there = name_there(convention, called);
    return there ? there.get() : std::to_string(called);
}

SystemCall SystemCall::numbered(Convention convention, std::uint64_t number) {
    SystemCall call;
    call.convention = convention;
    number_it(call, number);
    return call;
}

SystemCall SystemCall::of(const seccomp_data& data) {
    SystemCall call;
    call.convention = convention_of(data.arch, static_cast<std::uint64_t>(data.nr));
    number_it(call, static_cast<std::uint64_t>(data.nr));
    std::ranges::copy(data.args, call.arguments.begin());
    return call;
}

bool SystemCall::meets(int wanted, const std::vector<ArgumentCondition>& where) const {
    return number == wanted && std::ranges::all_of(where, [&](const ArgumentCondition& condition) {
               return condition.matches(arguments.at(condition.index));
           });
}

// At the filter the kernel tells of the call as it does at the entry; at the exit it tells the answer only.
std::optional<SystemCall> system_call_of(pid_t tid) {
    static_assert(offsetof(__ptrace_syscall_info, seccomp.nr) == offsetof(__ptrace_syscall_info, entry.nr) &&
                  offsetof(__ptrace_syscall_info, seccomp.args) ==
                      offsetof(__ptrace_syscall_info, entry.args));
    const auto stop = system_call_stop(tid);
    if (!stop) return std::nullopt;
    SystemCall call;
    if (stop->op != PTRACE_SYSCALL_INFO_EXIT) {
        call.convention = convention_of(stop->arch, stop->entry.nr);
        number_it(call, stop->entry.nr);
        std::ranges::copy(stop->entry.args, call.arguments.begin());
        return call;
    }
    auto state = registers(tid);
    if (!state) return std::nullopt;
    call.convention = convention_of(stop->arch, state->orig_rax);
    number_it(call, state->orig_rax);
    // They are still there.
    std::ranges::transform(registers_of(*state, call.convention), call.arguments.begin(),
                           [](const auto* argument) { return *argument; });
    call.answer = stop->exit.rval;
    return call;
}

bool write_out(const std::vector<FaultWrite>& writes, const SystemCall& call, pid_t tid) {
    return std::ranges::all_of(writes, [&](const FaultWrite& write) {
        return write_memory(tid, call.arguments.at(write.index) + write.offset, write.bytes.data(),
                            write.bytes.size());
    });
}

void change_argument(pid_t tid, Convention convention, unsigned index, std::uint64_t value) {
    auto state = registers(tid);
    if (!state) return;
    *registers_of(*state, convention).at(index) = value;
    set_registers(tid, *state);  // fails only for one that was killed
}

void make_instead(pid_t tid, Convention convention, int number) {
    auto state = registers(tid);
    if (!state) return;
    const int there =
        ::seccomp_syscall_resolve_name_arch(architecture_of(convention), syscall_name(number).c_str());
    REHANG_CHECK(there >= 0);
    state->orig_rax = static_cast<std::uint64_t>(there);
    set_registers(tid, *state);
}

void hand_on(pid_t tid) {
    auto state = registers(tid);
    if (!state) return;
    state->orig_rax = static_cast<std::uint32_t>(state->orig_rax) + handed_on_base;
    set_registers(tid, *state);
}

void answer_call(pid_t tid, std::int64_t answer) {
    auto state = registers(tid);
    if (!state) return;
    state->orig_rax = ~0ULL;  // no call: seccomp(2), SECCOMP_RET_TRACE
    state->rax = static_cast<std::uint64_t>(answer);
    set_registers(tid, *state);
}

}  // namespace rehang
