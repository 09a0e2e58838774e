#include "supervise/filter.h"

#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <map>
#include <memory>
#include <set>

#include "base/names.h"
#include "base/unique_fd.h"
#include "supervise/appearing_files.h"

namespace rehang {
namespace {

// By call: for which arguments it is traced; an empty list of conditions is for all.
using Traced = std::map<int, std::set<std::vector<ArgumentCondition>>>;

// What tracing_watched_calls.cc wants to see. Of frequent calls only those with such a first argument.
Traced watched_calls() {
    return {{SYS_alarm, {{}}},
            {SYS_setitimer, {{}}},
            {SYS_ptrace, {{}}},
            {SYS_seccomp, {{}}},
            {SYS_clone3, {{}}},
            {SYS_clone, {{{.index = 0, .mask = CLONE_UNTRACED, .value = CLONE_UNTRACED}}}},
            {SYS_prctl, {{{.index = 0, .mask = 0xffffffff, .value = PR_SET_SECCOMP}}}}};
}

Traced traced_calls(const Plan& plan) {
    Traced calls = watched_calls();
    for (const PlannedPoint& point : plan.points) {
        if (const auto* enters = std::get_if<EntersSyscall>(&point.event))
            calls[enters->number].insert(enters->where);
        if (const auto* leaves = std::get_if<LeavesSyscall>(&point.event))
            calls[leaves->number].insert(leaves->where);
        if (std::holds_alternative<MakesFile>(point.event))
            for (const CreatingCall& call : creating_calls()) calls[call.number].insert(call.where);
    }
    for (auto& [number, conditions] : calls)
        if (conditions.contains({})) conditions = {{}};
    return calls;
}

int add_rule(scmp_filter_ctx context, int call, const std::vector<ArgumentCondition>& where) {
    std::vector<scmp_arg_cmp> compared;
    for (const ArgumentCondition& condition : where)
        compared.push_back({.arg = condition.index,
                            .op = SCMP_CMP_MASKED_EQ,
                            .datum_a = condition.mask,
                            .datum_b = condition.value});
    return ::seccomp_rule_add_array(context, SCMP_ACT_TRACE(0), call, static_cast<unsigned>(compared.size()),
                                    compared.data());
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

Expected<std::vector<unsigned char>> build_filter(const Plan& plan) {
    struct Release {
        void operator()(void* context) const { ::seccomp_release(context); }
    };
    const std::unique_ptr<void, Release> context(::seccomp_init(SCMP_ACT_ALLOW));
    if (!context) return failure("can't start a seccomp filter", ENOMEM);
    // By the name of the call; what has no counterpart there is left out.
    for (const std::uint32_t convention : {SCMP_ARCH_X86, SCMP_ARCH_X32})
        if (const int error = ::seccomp_arch_add(context.get(), convention); error < 0)
            return failure("can't filter 32-bit system calls", -error);
    for (const auto& [call, alternatives] : traced_calls(plan))
        for (const auto& where : alternatives)
            if (const int error = add_rule(context.get(), call, where); error < 0)
                return failure(fmt::format("can't filter the system call {}", syscall_name(call)), -error);
    return exported(context.get());
}

}  // namespace rehang
