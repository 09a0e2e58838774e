#include <fmt/format.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "base/names.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"

namespace rehang::wait_rules {
namespace {

// Calls whose first argument is a descriptor, worth naming in a report.
bool takes_descriptor(long syscall) {
    constexpr std::array calls = {SYS_read,    SYS_readv,  SYS_write,   SYS_writev, SYS_recvfrom,
                                  SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_accept, SYS_accept4,
                                  SYS_connect, SYS_ioctl,  SYS_fcntl,   SYS_fsync,  SYS_recvmmsg,
                                  SYS_splice,  SYS_tee};
    return std::ranges::find(calls, syscall) != calls.end();
}

}  // namespace

std::optional<std::string> signals_from_descriptors(const Snapshot& snapshot) {
    for (const ProcessSnapshot& process : snapshot.processes)
        for (const DescriptorSnapshot& descriptor : process.descriptors)
            if (descriptor.sends_signals)
                return fmt::format("{} of {} sends a signal when it becomes ready", name_of(descriptor),
                                   label(process));
    return std::nullopt;
}

Wait for_signal(const Sleeper& sleeper) {
    Wait wait;
    wait.kind = WaitKind::signal;
    const bool for_fake = sleeper.thread.syscall == SYS_pause && !sleeper.thread.waits_in.empty();
    wait.sentence = fmt::format("waits for a signal, in {}",
                                for_fake ? sleeper.thread.waits_in : syscall_name(sleeper.thread.syscall));
    wait.wakers = living_threads(sleeper.snapshot, sleeper.thread.tid);
    wait.by_outside = signals_from_descriptors(sleeper.snapshot);
    if (sleeper.snapshot.world == World::machine)
        wait.by_outside = "a signal may come from anybody, also from processes that are not looked at";
    return wait;
}

Wait for_any_signal_of(const Sleeper& sleeper) {
    Wait wait = for_signal(sleeper);
    const auto& args = sleeper.thread.args;
    std::vector<std::string> names;
    const std::uint64_t set = long_at(sleeper.snapshot, sleeper.process.pid, args[0]).value_or(0);
    for (int signal = 1; signal <= 64; ++signal)
        if (set >> (signal - 1) & 1U) names.push_back(signal_name(signal));
    constexpr size_t worth_naming = 4;
    if (!names.empty() && names.size() <= worth_naming)
        wait.sentence = fmt::format("waits for the signal {}, in {}", enumerate(names, " or "),
                                    syscall_name(sleeper.thread.syscall));
    if (args[2] == 0) return wait;
    wait.kind = WaitKind::timer;
    wait.by_itself = true;
    wait.sentence += ", with a time-out";
    return wait;
}

// By a signal: anybody may continue it. The kernel does so too, when the last parent outside of its process
// group ends. By a tracer: that one, or its end.
Wait to_be_continued(const Sleeper& sleeper) {
    Wait wait;
    wait.kind = WaitKind::stopped;
    if (sleeper.thread.state == 'T') {
        wait.sentence = "is stopped by a signal until somebody lets it continue";
        wait.wakers = living_threads(sleeper.snapshot, sleeper.thread.tid);
        if (sleeper.snapshot.world == World::machine)
            wait.by_outside = "anybody may let it continue, also processes that are not looked at";
        return wait;
    }
    const ProcessSnapshot* const tracer = process_of_thread(sleeper.snapshot, sleeper.thread.tracer);
    if (!tracer) {
        wait.sentence = fmt::format("is stopped by its tracer (pid {})", sleeper.thread.tracer);
        wait.by_outside = wait.sentence;
        return wait;
    }
    wait.sentence = fmt::format("is stopped by its tracer, {}",
                                label(*tracer, *find_thread(sleeper.snapshot, sleeper.thread.tracer)));
    wait.wakers = living_threads(*tracer, sleeper.thread.tid);
    return wait;
}

Wait for_time(const Sleeper& sleeper) {
    Wait wait;
    wait.kind = WaitKind::timer;
    wait.by_itself = true;
    wait.sentence = sleeper.thread.syscall == SYS_restart_syscall
                        ? std::string("goes on with a timed wait that was interrupted")
                        : fmt::format("sleeps for some time, in {}", syscall_name(sleeper.thread.syscall));
    return wait;
}

Wait not_understood(const Sleeper& sleeper) {
    const ThreadSnapshot& thread = sleeper.thread;
    const std::string call = syscall_name(thread.syscall);
    const DescriptorSnapshot* const descriptor =
        takes_descriptor(thread.syscall) ? find_descriptor(sleeper.process, static_cast<int>(thread.args[0]))
                                         : nullptr;
    Wait wait;
    wait.kind = WaitKind::unknown;
    wait.sentence = descriptor ? fmt::format("is in system call {} on {}", call, name_of(*descriptor))
                               : fmt::format("is in system call {}", call);
    wait.by_outside = wait.sentence + ", which this version does not understand";
    return wait;
}

bool is_private_place(std::string_view path) {
    constexpr std::array<std::string_view, 4> places = {"/tmp/", "/var/tmp/", "/run/", "/dev/shm/"};
    return std::ranges::any_of(places, [&](std::string_view place) { return path.starts_with(place); });
}

bool is_private(const Snapshot& snapshot, std::string_view path) {
    return snapshot.world == World::sandbox && is_private_place(path);
}

}  // namespace rehang::wait_rules
