// Semaphores and message queues of System V: whoever lives in the same IPC namespace may end such a wait.
// Source: ipc_namespaces(7), semop(2), msgop(2).
#include <fmt/format.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include <algorithm>

#include "diagnose/asked_memory.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"

namespace rehang::wait_rules {
namespace {

std::optional<std::string> others_in_the_namespace(const Sleeper& sleeper) {
    const std::uint64_t space = sleeper.process.ipc_namespace;
    if (space == 0) return "who lives in its IPC namespace can't be read";
    if (space == sleeper.snapshot.ipc_namespace_outside || sleeper.snapshot.world == World::machine)
        return "anybody who lives in its IPC namespace may end it, also processes that are not looked at";
    return std::nullopt;
}

Wait in_namespace(const Sleeper& sleeper, WaitKind kind, std::string sentence) {
    Wait wait;
    wait.kind = kind;
    wait.sentence = std::move(sentence);
    wait.by_outside = others_in_the_namespace(sleeper);
    for (const ProcessSnapshot& process : sleeper.snapshot.processes)
        if (process.ipc_namespace == sleeper.process.ipc_namespace || process.ipc_namespace == 0)
            std::ranges::copy(living_threads(process, sleeper.thread.tid), std::back_inserter(wait.wakers));
    return wait;
}

// "semaphore 0 to be at least 1": the kernel carries all operations out at once or none.
std::string wanted(const sembuf& operation) {
    if (operation.sem_op == 0) return fmt::format("semaphore {} to be 0", operation.sem_num);
    if (operation.sem_op < 0)
        return fmt::format("semaphore {} to be at least {}", operation.sem_num, -operation.sem_op);
    return {};
}

std::string semaphore_sentence(const Sleeper& sleeper) {
    const auto& args = sleeper.thread.args;
    std::vector<std::string> parts;
    for (std::uint64_t i = 0; i < std::min(args[2], most_semaphores); ++i) {
        const auto operation =
            value_at<sembuf>(sleeper.snapshot, sleeper.process.pid, args[1] + i * sizeof(sembuf));
        if (!operation) break;
        if (auto part = wanted(*operation); !part.empty()) parts.push_back(std::move(part));
    }
    const std::string set = fmt::format("set {}", static_cast<int>(args[0]));
    return parts.empty() ? fmt::format("waits for semaphores of {} (semop)", set)
                         : fmt::format("waits for {} in {} (semop)", enumerate(parts), set);
}

}  // namespace

Wait for_semaphore(const Sleeper& sleeper) {
    Wait wait = in_namespace(sleeper, WaitKind::semaphore, semaphore_sentence(sleeper));
    if (sleeper.thread.syscall == SYS_semtimedop && sleeper.thread.args[3] != 0) {
        wait.by_itself = true;
        wait.sentence += ", with a time-out";
    }
    return wait;
}

Wait for_message(const Sleeper& sleeper) {
    return in_namespace(
        sleeper, WaitKind::message_queue,
        fmt::format("waits for a message in queue {} (msgrcv)", static_cast<int>(sleeper.thread.args[0])));
}

Wait for_room_in_queue(const Sleeper& sleeper) {
    return in_namespace(
        sleeper, WaitKind::message_queue,
        fmt::format("waits for room in message queue {} (msgsnd)", static_cast<int>(sleeper.thread.args[0])));
}

}  // namespace rehang::wait_rules
