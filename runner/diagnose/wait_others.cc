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
    constexpr std::array calls = {SYS_read,     SYS_readv,  SYS_write,   SYS_writev, SYS_recvfrom,
                                  SYS_recvmsg,  SYS_sendto, SYS_sendmsg, SYS_accept, SYS_accept4,
                                  SYS_connect,  SYS_ioctl,  SYS_flock,   SYS_fcntl,  SYS_fsync,
                                  SYS_recvmmsg, SYS_splice, SYS_tee};
    return std::ranges::find(calls, syscall) != calls.end();
}

}  // namespace

Wait for_signal(const Sleeper& sleeper) {
    Wait wait;
    wait.kind = WaitKind::signal;
    wait.sentence = fmt::format("waits for a signal, in {}", syscall_name(sleeper.thread.syscall));
    wait.wakers = living_threads(sleeper.snapshot, sleeper.thread.tid);
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
