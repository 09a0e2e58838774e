#include <fmt/format.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "catch.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

// The semaphore lies in shared memory, but is made for one process: a post by another one wakes nobody.
void post_to_another_process(const Pipe& asleep) {
    void* const memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* const semaphore = static_cast<sem_t*>(memory);
    sem_init(semaphore, 0, 0);
    if (fork() == 0) {
        keep_only({});
        while (sem_wait(semaphore) != 0) {
        }
        _exit(0);
    }
    wait_for(asleep.read);
    sem_post(semaphore);
    keep_only({});
    waitpid(-1, nullptr, 0);
}

void wait_until_it_sleeps_at_a_futex(pid_t pid) {
    const auto sleeps = [&] {
        return read_file_or_empty(fmt::format("/proc/{}/syscall", pid)).starts_with("202 ");
    };
    while (!sleeps()) sched_yield();
}

void wait_for_a_signal_that_has_come() {
    keep_only({});
    static std::mutex mutex;
    static std::condition_variable work;
    work.notify_all();
    std::thread consumer([] {
        std::unique_lock lock(mutex);
        work.wait(lock);
    });
    consumer.join();
}

}  // namespace

TEST_CASE("a semaphore is posted, and its waiter sleeps on: lost-wakeup") {
    Pipe asleep;
    StuckTree tree([&] { post_to_another_process(asleep); });
    wait_until_it_sleeps_at_a_futex(tree.name_child(tree.a(), "a", "a/1"));
    tell(asleep.write);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    INFO(told(diagnosis));
    CHECK(diagnosis.cause == Cause::lost_wakeup);
    CHECK_THAT(told(diagnosis), Contains("while the word was 0, and the word is 1 by now"));
}

TEST_CASE("a condition variable is signalled before anybody waits: lost-wakeup") {
    StuckTree tree(wait_for_a_signal_that_has_come);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    INFO(told(diagnosis));
    CHECK(diagnosis.cause == Cause::lost_wakeup);
    CHECK_THAT(told(diagnosis), Contains("a thread 2 can never go on: it waits at the condition variable"));
}
