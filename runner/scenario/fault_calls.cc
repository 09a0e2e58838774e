#include "scenario/fault_calls.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/names.h"
#include "base/pattern.h"
#include "base/suggest.h"
#include "base/syscall_groups.h"
#include "scenario/call_buffers.h"
#include "scenario/call_name.h"

namespace rehang {
namespace {

// Why a fault can't happen to the call, whatever the fault does.
std::optional<std::string> untouchable(std::string_view call) {
    if (call == "rt_sigreturn")
        return "rt_sigreturn can't be faulted: without it nothing would be as it was before the signal";
    if (call == "restart_syscall")
        return "restart_syscall can't be faulted: it goes on with a call that a signal has interrupted; name "
               "that one";
    if (call == "seccomp") return "seccomp can't be faulted: rehang itself uses it to see the calls";
    if (call == "ptrace") return "ptrace can't be faulted: rehang itself traces the process";
    return std::nullopt;
}

// Why what the fault does makes no sense for the call.
std::optional<std::string> pointless(std::string_view call, const SyscallFaultDecl& fault) {
    const bool never_returns = call == "exit" || call == "exit_group";
    if (never_returns && (fault.error || fault.returns || !fault.data.empty() || !fault.data_after.empty() ||
                          fault.limit_bytes || fault.delay_after || fault.instead))
        return fmt::format("{} never returns: a fault can only come before it (delay, hold, kill, log)",
                           call);
    if (fault.signal && call == "exit_group")
        return "exit_group ends the process before it could get the signal";
    // Other threads of the process can get what was sent to all.
    if (fault.signal && call == "exit" && (!fault.signal_to || fault.signal_to->value == "thread"))
        return "exit ends the thread before it could get the signal";
    const bool replaces_program = call == "execve" || call == "execveat";
    const bool would_succeed =
        (fault.returns && !fault.returns->value.starts_with('-')) || (!fault.data.empty() && !fault.error);
    if (replaces_program && would_succeed)
        return fmt::format("{} returns only when it fails: give it an errno", call);
    if (replaces_program && (!fault.data_after.empty() || fault.instead))
        return fmt::format("{} replaces the program that would see this: give it an errno", call);
    return std::nullopt;
}

class CallReader {
  public:
    CallReader(const SyscallFaultDecl& fault, const Judging& judging) : fault_(fault), judging_(judging) {}

    std::optional<std::vector<FaultedCall>> read() {
        const bool all_known =
            std::ranges::all_of(fault_.calls, [&](const Text& call) { return judging_.known(call); });
        if (!all_known) return std::nullopt;
        // Named ones first, so that a call which is also in a group counts as named.
        for (const Text& call : fault_.calls)
            if (!is_group(call) && !is_expression(call)) add_named(call);
        for (const Text& call : fault_.calls) {
            if (is_group(call)) add_group(call);
            if (is_expression(call)) add_fitting(call);
        }
        if (calls_.empty() && !wrong_ && !fault_.calls.empty())
            wrong(fault_.calls.front(),
                  fmt::format("this can't happen to any call of {}", fault_.calls.front().value));
        if (wrong_ || calls_.empty()) return std::nullopt;
        return std::move(calls_);
    }

  private:
    static bool is_group(const Text& call) { return call.value.starts_with('%'); }
    static bool is_expression(const Text& call) { return call.value.starts_with('/'); }

    void wrong(const Text& call, std::string message, std::string hint = {}) {
        judging_.error(call.at, std::move(message), std::move(hint));
        wrong_ = true;
    }

    bool has(std::string_view name) const {
        return std::ranges::find(calls_, name, &FaultedCall::name) != calls_.end();
    }

    void add_named(const Text& call) {
        const auto number = parse_call_name(call.value);
        if (!number) return wrong(call, number.error());
        if (has(call.value)) return wrong(call, fmt::format("\"{}\" is named twice", call.value));
        if (auto reason = untouchable(call.value)) return wrong(call, std::move(*reason));
        if (auto reason = pointless(call.value, fault_)) return wrong(call, std::move(*reason));
        calls_.push_back({.name = call.value, .number = *number, .at = call.at, .group = {}});
    }

    void add_group(const Text& group) {
        const auto members = syscall_group(group.value);
        if (!members)
            return wrong(group,
                         fmt::format("unknown group of system calls \"{}\"{}", group.value,
                                     did_you_mean(group.value, syscall_group_names())),
                         fmt::format("known are: {}", fmt::join(syscall_group_names(), ", ")));
        add_members(group, *members);
    }

    void add_fitting(const Text& call) {
        const std::string& text = call.value;
        if (text.size() < 3 || !text.ends_with('/'))
            return wrong(call, fmt::format("\"{}\" is no name of a system call", text),
                         "a regular expression stands between slashes: \"/^get.*id$/\"");
        const auto pattern = Pattern::parse(text.substr(1, text.size() - 2));
        if (!pattern) return wrong(call, fmt::format("{}: {}", text, pattern.error()));
        std::vector<std::string> fitting;
        std::ranges::copy_if(syscall_names(), std::back_inserter(fitting),
                             [&](const std::string& name) { return pattern->found_in(name, true); });
        if (fitting.empty()) return wrong(call, fmt::format("the name of no system call fits {}", text));
        add_members(call, fitting);
    }

    void add_members(const Text& group, const std::vector<std::string>& members) {
        for (const std::string& name : members) {
            const bool has_no_limit = fault_.limit_bytes && !byte_count_argument(name);
            if (has(name) || untouchable(name) || pointless(name, fault_) || has_no_limit) continue;
            calls_.push_back({.name = name,
                              .number = syscall_number(name).value_or(-1),
                              .only_in_group = true,
                              .at = group.at,
                              .group = group.value});
        }
    }

    const SyscallFaultDecl& fault_;
    const Judging& judging_;
    std::vector<FaultedCall> calls_;
    bool wrong_ = false;
};

}  // namespace

std::optional<std::vector<FaultedCall>> faulted_calls(const SyscallFaultDecl& fault, const Judging& judging) {
    return CallReader(fault, judging).read();
}

}  // namespace rehang
