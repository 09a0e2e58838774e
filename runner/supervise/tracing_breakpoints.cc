// The part of Tracing about places in the code: debug registers, and the loader that maps more code.
#include "supervise/tracing.h"

#include <algorithm>
#include <csignal>

namespace rehang {

void Tracing::trapped(pid_t tid) {
    if (const auto address = breakpoint_hit(tid)) return at_breakpoint(tid, *address);
    signalled(tid, SIGTRAP);  // the target's own
}

void Tracing::at_breakpoint(pid_t tid, std::uint64_t address) {
    TrackedProcess& process = *tree_.process_of(tid);
    const Image& image = images_[process.pid];
    if (address == image.loader_break) loader_notified(process, tid);
    const auto points = open_points_where<EntersSymbol>(tid, [&](const EntersSymbol& name) {
        const auto found = image.addresses.find({name.module, name.symbol});
        return found != image.addresses.end() && found->second == address;
    });
    // The kernel sets the resume flag at an execution breakpoint: going on does not hit it again.
    stay_or_go_on(tid, points, {});
}

void Tracing::loader_notified(TrackedProcess& process, pid_t tid) {
    Image& image = images_[process.pid];
    if (!loader_is_consistent(process.pid, image)) return;
    const size_t known = image.addresses.size();
    for (std::string& problem : find_wanted(image, process.pid, *files_))
        notes_.push_back(std::move(problem));
    stub(image, process, tid);
    if (image.addresses.size() != known) rearm_others(process, tid);
}

// Puts the faults in place whose functions are there by now.
void Tracing::stub(Image& image, const TrackedProcess& process, pid_t tid) {
    for (const size_t fault : stub_functions(image, tid, process.path, *plan_)) {
        ++stubbed_[fault];
        note(EventKind::fault, tid, plan_->function_faults[fault].name);
    }
}

// Brings the thread's debug registers to what it may still pass.
void Tracing::arm(pid_t tid) {
    const TrackedProcess* process = tree_.process_of(tid);
    const TrackedThread* thread = tree_.thread(tid);
    if (!process || !thread) return;
    std::vector<std::uint64_t> addresses;
    if (const auto image = images_.find(process->pid); image != images_.end()) {
        if (image->second.loading()) addresses.push_back(image->second.loader_break);
        for (const size_t point : director_.open_points<EntersSymbol>(process->path, thread->nth)) {
            const auto& name = std::get<EntersSymbol>(plan_->points[point].event);
            const auto found = image->second.addresses.find({name.module, name.symbol});
            if (found != image->second.addresses.end() &&
                std::ranges::find(addresses, found->second) == addresses.end())
                addresses.push_back(found->second);
        }
    }
    REHANG_CHECK(addresses.size() <= max_breakpoints);  // plan/ refuses more
    const auto [armed, first] = armed_.try_emplace(tid);
    if (armed->second == addresses) return;
    if (set_breakpoints(tid, addresses)) armed->second = std::move(addresses);
}

void Tracing::rearm_others(const TrackedProcess& process, pid_t but_not) {
    for (const TrackedThread& thread : process.threads)
        if (thread.tid != but_not && !kept_.contains(thread.tid)) interrupt(thread.tid);
}

}  // namespace rehang
