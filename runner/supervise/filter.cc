#include "supervise/filter.h"

#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "base/names.h"
#include "base/unique_fd.h"
#include "protocol.h"
#include "supervise/appearing_files.h"
#include "supervise/fake_calls.h"
#include "supervise/fakes.h"
#include "supervise/filter_fakes.h"

namespace rehang {
namespace {

// By call: with which arguments something is done about it; an empty list of conditions is for all.
using Calls = std::map<int, std::set<std::vector<ArgumentCondition>>>;

// What tracing_watched_calls.cc wants to see. Of frequent calls only those with such a first argument.
Calls watched_calls() {
    return {{SYS_alarm, {{}}},
            {SYS_setitimer, {{}}},
            {SYS_ptrace, {{}}},
            {SYS_seccomp, {{}}},
            {SYS_clone3, {{}}},
            {SYS_clone, {{{.index = 0, .mask = CLONE_UNTRACED, .value = CLONE_UNTRACED}}}},
            {SYS_prctl, {{{.index = 0, .mask = 0xffffffff, .value = PR_SET_SECCOMP}}}}};
}

void add_calls_of_points(const Plan& plan, const std::string& root, Calls& calls) {
    for (const PlannedPoint& point : plan.points) {
        if (point.process.root != root) continue;
        if (const auto* enters = std::get_if<EntersSyscall>(&point.event))
            calls[enters->number].insert(enters->where);
        if (const auto* leaves = std::get_if<LeavesSyscall>(&point.event))
            calls[leaves->number].insert(leaves->where);
        if (std::holds_alternative<EntersGuestFunction>(point.event))
            for (const std::uint64_t offset : {REHANG_HOOKS_WANTED, REHANG_POINT_REACHED})
                calls[SYS_pwritev].insert(
                    {{.index = 3, .mask = std::numeric_limits<std::uint64_t>::max(), .value = offset}});
        if (std::holds_alternative<MakesFile>(point.event))
            for (const CreatingCall& call : creating_calls()) calls[call.number].insert(call.where);
    }
}

// A thread may stay where the fault fires.
bool holds_somebody(const Plan& plan, size_t fault) {
    return std::ranges::any_of(plan.holds, [&](const PlannedHold& hold) {
        const auto* fires = std::get_if<FaultFires>(&plan.points[hold.at].event);
        return fires && fires->fault == fault;
    });
}

struct KernelAnswer {
    int call = 0;
    std::vector<ArgumentCondition> where;
    std::uint32_t error = 0;
};

struct Actions {
    Calls stopped, asked;
    std::vector<KernelAnswer> answered;
};

Actions actions_for(const Plan& plan, const std::string& root, bool can_notify) {
    Actions actions{.stopped = watched_calls(), .asked = {}, .answered = {}};
    add_calls_of_points(plan, root, actions.stopped);
    for (size_t i = 0; i < plan.syscall_faults.size(); ++i) {
        const PlannedSyscallFault& fault = plan.syscall_faults[i];
        if (fault.process.root != root) continue;
        const bool lasts = !fault.effect.is_immediate() || holds_somebody(plan, i);
        for (const CallSelector& selector : fault.calls) {
            if (fault.in_kernel)
                actions.answered.push_back({.call = selector.number,
                                            .where = selector.arguments,
                                            .error = static_cast<std::uint32_t>(-*fault.effect.answer)});
            else
                (lasts || !can_notify ? actions.stopped : actions.asked)[selector.number].insert(
                    selector.arguments);
        }
    }
    // The kernel asks the filter about the call that is made instead. It lets through what would stop there,
    // so that only calls which the program makes itself are asked about or answered.
    for (const PlannedSyscallFault& fault : plan.syscall_faults)
        if (fault.effect.instead) actions.stopped[*fault.effect.instead];
    if (!plan.fakes.empty()) actions.stopped[SYS_pause];  // what waits there is made to call
    // One call, one way: it stops where anybody needs that.
    for (auto asked = actions.asked.begin(); asked != actions.asked.end();) {
        const auto stopped = actions.stopped.find(asked->first);
        if (stopped == actions.stopped.end()) {
            ++asked;
            continue;
        }
        stopped->second.merge(asked->second);
        asked = actions.asked.erase(asked);
    }
    std::erase_if(actions.answered, [&](const KernelAnswer& answer) {
        for (Calls* calls : {&actions.stopped, &actions.asked}) {
            const auto taken = calls->find(answer.call);
            if (taken == calls->end()) continue;
            taken->second.insert(answer.where);  // the runner gives the answer
            return true;
        }
        return false;
    });
    return actions;
}

std::vector<std::uint32_t> requests_that_wait(const Plan& plan) {
    std::set<std::uint32_t> all;
    for (const PlannedFake& fake : plan.fakes)
        for (const std::uint32_t request : waiting_requests(fake)) all.insert(request);
    return {all.begin(), all.end()};
}

int add_rule(scmp_filter_ctx context, std::uint32_t action, int call,
             const std::vector<ArgumentCondition>& where) {
    std::vector<scmp_arg_cmp> compared;
    for (const ArgumentCondition& condition : where)
        compared.push_back({.arg = condition.index,
                            .op = SCMP_CMP_MASKED_EQ,
                            .datum_a = condition.mask,
                            .datum_b = condition.value});
    const int error = ::seccomp_rule_add_array(context, action, call, static_cast<unsigned>(compared.size()),
                                               compared.data());
    return error == -EEXIST ? 0 : error;
}

Expected<void> add_rules(scmp_filter_ctx context, std::uint32_t action, const Calls& calls) {
    for (const auto& [call, alternatives] : calls) {
        const bool all = alternatives.contains({});
        for (const auto& where : all ? std::set<std::vector<ArgumentCondition>>{{}} : alternatives)
            if (const int error = add_rule(context, action, call, where); error < 0)
                return failure(fmt::format("can't filter the system call {}", syscall_name(call)), -error);
    }
    return {};
}

Expected<void> add_rules(scmp_filter_ctx context, const std::vector<KernelAnswer>& answers) {
    for (const KernelAnswer& answer : answers)
        if (const int error = add_rule(context, SCMP_ACT_ERRNO(answer.error), answer.call, answer.where);
            error < 0)
            return failure(fmt::format("can't answer the system call {}", syscall_name(answer.call)), -error);
    return {};
}

Expected<std::vector<unsigned char>> exported(scmp_filter_ctx context) {
    const UniqueFd file(::memfd_create("rehang-filter", MFD_CLOEXEC));
    if (!file) return failure("can't make a memory file for the seccomp filter");
    if (const int error = ::seccomp_export_bpf(context, file.get()); error < 0)
        return failure("can't build the seccomp filter", -error);
    std::vector<unsigned char> program(static_cast<size_t>(::lseek(file.get(), 0, SEEK_END)));
    if (::pread(file.get(), program.data(), program.size(), 0) != static_cast<ssize_t>(program.size()))
        return failure("can't read the seccomp filter back");
    return program;
}

}  // namespace

bool stops_at(const Plan& plan, int call) {
    return std::ranges::any_of(plan.processes, [&](const PlannedProcess& process) {
        return actions_for(plan, process.name, true).stopped.contains(call);
    });
}

namespace {

Expected<std::vector<unsigned char>> compiled(const Actions& actions) {
    struct Release {
        void operator()(void* context) const { ::seccomp_release(context); }
    };
    const std::unique_ptr<void, Release> context(::seccomp_init(SCMP_ACT_ALLOW));
    if (!context) return failure("can't start a seccomp filter", ENOMEM);
    // By the name of the call; what has no counterpart there is left out.
    for (const std::uint32_t convention : {SCMP_ARCH_X86, SCMP_ARCH_X32})
        if (const int error = ::seccomp_arch_add(context.get(), convention); error < 0)
            return failure("can't filter 32-bit system calls", -error);
    auto added = add_rules(context.get(), SCMP_ACT_TRACE(0), actions.stopped);
    if (added) added = add_rules(context.get(), SCMP_ACT_NOTIFY, actions.asked);
    if (added) added = add_rules(context.get(), actions.answered);
    if (!added) return std::unexpected(added.error());
    return exported(context.get());
}

// All calls that may be about a fake ask, but for those that are the concern of somebody else already.
Expected<TargetFilter> with_fakes(const Plan& plan, const std::vector<unsigned char>& others) {
    Actions actions;
    for (const int call : calls_asked_for_fakes()) actions.asked[call] = {{}};
    const auto asks = compiled(actions);
    if (!asks) return std::unexpected(asks.error());
    return TargetFilter{.program = filter_with_fakes(others, *asks, requests_that_wait(plan)),
                        .notifies = true};
}

}  // namespace

Expected<TargetFilter> build_filter(const Plan& plan, const std::string& root, bool can_notify) {
    const Actions actions = actions_for(plan, root, can_notify);
    auto program = compiled(actions);
    if (!program) return std::unexpected(program.error());
    if (!plan.fakes.empty()) return with_fakes(plan, *program);
    return TargetFilter{.program = std::move(*program), .notifies = !actions.asked.empty()};
}

}  // namespace rehang
