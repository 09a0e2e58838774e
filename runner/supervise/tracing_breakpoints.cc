// The part of Tracing about places in the code: debug registers, and the loader that maps more code.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>

#include "supervise/identity.h"
#include "supervise/tracing.h"

namespace rehang {

void Tracing::trapped(pid_t tid) {
    const auto state = registers(tid);
    if (!state) return;
    auto hit = breakpoints_hit(tid);
    if (!hit && trapped_without_reason(tid)) {
        hit = breakpoints_at(tid, *state);
        if (hit) skip_breakpoint(tid, *state);
    }
    if (!hit) return signalled(tid, SIGTRAP);  // the target's own
    // Going on changes what is armed.
    const std::vector<Breakpoint> armed = armed_[tid];
    std::vector<size_t> points;
    bool loads = false;
    for (size_t i = 0; i < armed.size(); ++i) {
        if (!hit->test(i)) continue;
        if (armed[i].kind == Breakpoint::Kind::access) {
            std::ranges::copy(left_function(tid, armed[i].address, *state), std::back_inserter(points));
        } else if (armed[i].address == state->rip) {
            Image& image = images_[tree_.process_of(tid)->pid];
            loads |= armed[i].address == image.loader_break;
            image.past_entry |= armed[i].address == image.entry;
            std::ranges::copy(entered_function(tid, *state), std::back_inserter(points));
        }
    }
    if (loads && loader_notified(tid)) {
        if (pass(points, tid)) kept_[tid] = {};
        return;  // goes on when the others have new breakpoints
    }
    // The kernel sets the resume flag at an execution breakpoint: going on does not hit it again.
    stay_or_go_on(tid, points, {});
}

// Which breakpoints the thread must have hit to stand here. Nothing: none.
std::optional<std::bitset<max_breakpoints>> Tracing::breakpoints_at(pid_t tid,
                                                                    const user_regs_struct& state) {
    const auto returns_here = [&](std::uint64_t slot) {
        return std::ranges::any_of(open_calls_[tid], [&](const OpenCall& call) {
            return call.slot == slot && call.returns_to == state.rip && state.rsp == slot + sizeof slot;
        });
    };
    std::bitset<max_breakpoints> hit;
    const std::vector<Breakpoint>& armed = armed_[tid];
    for (size_t i = 0; i < armed.size(); ++i)
        hit[i] = armed[i].kind == Breakpoint::Kind::access ? returns_here(armed[i].address)
                                                           : armed[i].address == state.rip;
    return hit.none() ? std::nullopt : std::optional(hit);
}

// Points at the instruction that the thread is about to execute. Notes the call where a point waits for its
// return.
std::vector<size_t> Tracing::entered_function(pid_t tid, const user_regs_struct& state) {
    const Image& image = images_[tree_.process_of(tid)->pid];
    const auto here = [&](const auto& event) { return image.address_of(event.place) == state.rip; };
    if (!open_points_where<LeavesSymbol>(tid, here).empty()) note_call(tid, state);
    return open_points_where<EntersSymbol>(tid, here);
}

// Only the outermost call of a function counts; calls within it belong to it. The outermost one is over
// without a return if a longjmp or an exception has cut the stack off above it: then a call comes that is not
// below it, or its return address is overwritten.
void Tracing::note_call(pid_t tid, const user_regs_struct& state) {
    OpenCall call{.function = state.rip, .slot = state.rsp, .returns_to = 0};
    if (!read_memory(tid, call.slot, &call.returns_to, sizeof call.returns_to)) return;
    auto& calls = open_calls_[tid];
    const auto outer = std::ranges::find(calls, call.function, &OpenCall::function);
    if (outer == calls.end()) return calls.push_back(call);
    std::uint64_t still = 0;
    const bool there = read_memory(tid, outer->slot, &still, sizeof still) && still == outer->returns_to;
    if (!there || call.slot >= outer->slot) *outer = call;
}

// The thread has read or written where the return address of a call is. `ret` is what reads it to go there.
// Others that read it go on elsewhere (unwinders); whoever overwrites it shows that the call is over.
std::vector<size_t> Tracing::left_function(pid_t tid, std::uint64_t slot, const user_regs_struct& state) {
    std::vector<size_t> points;
    auto& calls = open_calls_[tid];
    const Image& image = images_[tree_.process_of(tid)->pid];
    for (const OpenCall& call : calls) {
        if (call.slot != slot || state.rip != call.returns_to || state.rsp != slot + sizeof slot) continue;
        std::ranges::copy(
            open_points_where<LeavesSymbol>(
                tid,
                [&](const LeavesSymbol& event) { return image.address_of(event.place) == call.function; }),
            std::back_inserter(points));
    }
    std::uint64_t now_there = 0;
    const bool readable = read_memory(tid, slot, &now_there, sizeof now_there);
    std::erase_if(calls, [&](const OpenCall& call) {
        const bool returned = state.rip == call.returns_to && state.rsp == slot + sizeof slot;
        return call.slot == slot && (returned || !readable || now_there != call.returns_to);
    });
    return points;
}

// The loader has mapped or unmapped something. True if the thread has to wait until others have new
// breakpoints: none of them must come to the new code before.
bool Tracing::loader_notified(pid_t tid) {
    const TrackedProcess& process = *tree_.process_of(tid);
    Image& image = images_[process.pid];
    if (!loader_is_consistent(process.pid, image)) return false;
    const auto known = image.addresses;
    for (std::string& problem : find_wanted(image, process.pid, *files_))
        notes_.push_back(std::move(problem));
    stub(image, process, tid);
    if (image.addresses == known) return false;
    std::set<pid_t> running = rearm_others(process, tid);
    if (running.empty()) return false;
    waits_for_rearmed_[tid] = std::move(running);
    return true;
}

// Asks the other threads to stop; when they do, they go on with new breakpoints. Returns those that may be
// executing code right now. One that sleeps in a system call stops before it comes out of it.
std::set<pid_t> Tracing::rearm_others(const TrackedProcess& process, pid_t but_not) {
    std::set<pid_t> running;
    for (const TrackedThread& thread : process.threads) {
        if (thread.tid == but_not || kept_.contains(thread.tid)) continue;
        interrupt(thread.tid);
        if (thread_state(thread.tid) == 'R') running.insert(thread.tid);
    }
    return running;
}

// The thread has stopped and gets new breakpoints before it goes on, or has ended.
void Tracing::rearmed(pid_t tid) {
    for (auto waiting = waits_for_rearmed_.begin(); waiting != waits_for_rearmed_.end();) {
        auto& [loading, others] = *waiting;
        others.erase(tid);
        if (!others.empty()) {
            ++waiting;
            continue;
        }
        const pid_t ready = loading;
        waiting = waits_for_rearmed_.erase(waiting);
        if (!kept_.contains(ready)) go_on(ready, {});
    }
}

// What the thread may still pass, a register for each place.
std::vector<Breakpoint> Tracing::breakpoints_for(pid_t tid) const {
    std::vector<Breakpoint> wanted;
    const TrackedProcess* const process = tree_.process_of(tid);
    if (!process) return wanted;
    const auto image = images_.find(process->pid);
    if (image == images_.end()) return wanted;
    const auto add = [&](std::optional<std::uint64_t> address, Breakpoint::Kind kind) {
        if (!address) return;
        const Breakpoint breakpoint{.address = *address, .kind = kind};
        if (std::ranges::find(wanted, breakpoint) == wanted.end()) wanted.push_back(breakpoint);
    };
    if (image->second.loading()) add(image->second.loader_break, Breakpoint::Kind::execution);
    const unsigned nth = tree_.thread(tid)->nth;
    if (image->second.entry != 0 && !image->second.past_entry && nth == 1)
        add(image->second.entry, Breakpoint::Kind::execution);
    for (const size_t point : director_.open_points<EntersSymbol>(process->now(), nth))
        add(image->second.address_of(std::get<EntersSymbol>(plan_->points[point].event).place),
            Breakpoint::Kind::execution);
    const auto calls = open_calls_.find(tid);
    for (const size_t point : director_.open_points<LeavesSymbol>(process->now(), nth)) {
        const auto entry = image->second.address_of(std::get<LeavesSymbol>(plan_->points[point].event).place);
        add(entry, Breakpoint::Kind::execution);
        if (!entry || calls == open_calls_.end()) continue;
        const auto call = std::ranges::find(calls->second, *entry, &OpenCall::function);
        if (call != calls->second.end()) add(call->slot, Breakpoint::Kind::access);
    }
    return wanted;
}

// Puts the faults in place whose functions are there by now.
void Tracing::stub(Image& image, const TrackedProcess& process, pid_t tid) {
    for (const size_t fault : stub_functions(image, tid, process.now(), *plan_)) {
        ++stubbed_[fault];
        note(EventKind::fault, tid, plan_->function_faults[fault].name);
    }
}

// Brings the thread's debug registers to what it may still pass.
void Tracing::arm(pid_t tid) {
    std::vector<Breakpoint> wanted = breakpoints_for(tid);
    REHANG_CHECK(wanted.size() <= max_breakpoints);  // plan/ refuses more
    const auto [armed, first] = armed_.try_emplace(tid);
    if (armed->second == wanted) return;
    const int error = set_breakpoints(tid, wanted);
    if (error == 0) {
        armed->second = std::move(wanted);
    } else if (error != ESRCH && !trouble_) {  // a point would be missed in silence
        trouble_ =
            Error{.kind = Error::Kind::unsupported,
                  .what = fmt::format("this host gives a thread no {} breakpoints: {}", wanted.size(),
                                      std::strerror(error)),
                  .hint = "`rehang doctor` says how many there are; other debuggers and perf use them too"};
    }
}

}  // namespace rehang
