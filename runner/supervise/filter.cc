#include "supervise/filter.h"

#include <fmt/format.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <memory>
#include <set>

#include "base/names.h"
#include "base/unique_fd.h"

namespace rehang {
namespace {

std::set<int> traced_calls(const Plan& plan) {
    std::set<int> calls = {SYS_alarm, SYS_setitimer};
    for (const PlannedPoint& point : plan.points) {
        if (const auto* enters = std::get_if<EntersSyscall>(&point.event)) calls.insert(enters->number);
        if (const auto* leaves = std::get_if<LeavesSyscall>(&point.event)) calls.insert(leaves->number);
    }
    return calls;
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
    // Programs for another architecture (32-bit ones) run on unfiltered; libseccomp's default is to kill
    // them.
    ::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
    for (const int call : traced_calls(plan))
        if (const int error = ::seccomp_rule_add(context.get(), SCMP_ACT_TRACE(0), call, 0); error < 0)
            return failure(fmt::format("can't filter the system call {}", syscall_name(call)), -error);
    return exported(context.get());
}

}  // namespace rehang
