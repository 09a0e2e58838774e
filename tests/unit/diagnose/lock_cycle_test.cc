#include <linux/futex.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include <array>

#include "case.h"
#include "catch.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t first = private_memory + 0x40, second = private_memory + 0x80;
constexpr pid_t main_thread = 10, helper = 11;

// glibc's mutex: its word, count, owner, users, kind.
void mutex(Case& scene, pid_t pid, std::uint64_t address, pid_t owner, std::uint32_t kind = 0) {
    const std::array<std::uint32_t, 5> words = {2, 0, static_cast<std::uint32_t>(owner), 1, kind};
    scene.bytes(pid, address, words.data(), sizeof words);
}

void waits_for_mutex(Case& scene, pid_t pid, pid_t tid, std::uint64_t address, pid_t owner) {
    scene.waits_at(pid, tid, address, 2, 2);
    mutex(scene, pid, address, owner);
    scene.stands_in(tid, {"__lll_lock_wait", "pthread_mutex_lock", "pay"});
}

struct Bank : Case {
    Bank() {
        process(main_thread, "bank");
        main_processes({"bank"});
    }
    std::string explanation() {
        const auto finding = ask(find_lock_cycle);
        return finding ? told(*finding) : "";
    }
};

DescriptorSnapshot& file(Scene& scene, pid_t pid, int fd, std::uint64_t inode, bool locked) {
    DescriptorSnapshot& file = scene.descriptor(pid, fd, inode == 1 ? "/tmp/one" : "/tmp/two");
    file.device = 0x801, file.inode = inode;
    if (locked) file.locks = {{.type = FileLock::Type::flock, .exclusive = true}};
    return file;
}

}  // namespace

TEST_CASE("lock-cycle: two mutexes, told from the main thread on, with where each stands") {
    Bank bank;
    waits_for_mutex(bank, 10, main_thread, second, helper);
    waits_for_mutex(bank, 10, helper, first, main_thread);
    CHECK(
        bank.explanation() ==
        "bank holds the mutex at 0x7f0000001040 and waits for the mutex at 0x7f0000001080, which bank thread "
        "2 holds, in __lll_lock_wait ← pthread_mutex_lock ← pay.\n"
        "bank thread 2 holds the mutex at 0x7f0000001080 and waits for the mutex at 0x7f0000001040, which "
        "bank holds, in __lll_lock_wait ← pthread_mutex_lock ← pay.\n"
        "So each of them waits for another one of them, and none can ever go on.");
}

TEST_CASE("lock-cycle: the main thread waits for one of the circle without being in it") {
    Bank bank;
    bank.waits_at(10, main_thread, private_memory + 0x800, helper, helper, true);
    waits_for_mutex(bank, 10, 12, first, helper);
    waits_for_mutex(bank, 10, helper, second, 12);
    CHECK_THAT(bank.explanation(), Contains("bank thread 2 holds the mutex at 0x7f0000001080 and waits"));
    CHECK_THAT(bank.explanation(), Contains("bank waits in turn: it waits to join bank thread 3."));
}

TEST_CASE("lock-cycle: a mutex that its owner locks again") {
    Bank bank;
    waits_for_mutex(bank, 10, main_thread, first, main_thread);
    CHECK_THAT(bank.explanation(),
               Contains("bank holds the mutex at 0x7f0000001040 and waits for it itself, in __lll"));
}

TEST_CASE("lock-cycle: PI mutexes") {
    Bank bank;
    bank.word(10, second, FUTEX_WAITERS | helper);
    bank.asleep(10, main_thread, SYS_futex, {second, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0});
    bank.word(10, first, FUTEX_WAITERS | main_thread);
    bank.asleep(10, helper, SYS_futex, {first, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0});
    CHECK_THAT(bank.explanation(), Contains("bank holds the PI mutex at 0x7f0000001040 and waits for the PI "
                                            "mutex at 0x7f0000001080, which bank thread 2 holds"));
}

TEST_CASE("lock-cycle: a rwlock's writer") {
    Bank bank;
    waits_for_mutex(bank, 10, main_thread, second, helper);
    const std::array<std::uint32_t, 5> words = {3, 0, 0, 0, main_thread};  // from __wrphase_futex on
    bank.waits_at(10, helper, first + 8, 3, 3);
    bank.bytes(10, first + 8, words.data(), sizeof words);
    bank.stands_in(helper, {"pthread_rwlock_rdlock"});
    CHECK_THAT(bank.explanation(), Contains("bank holds the rwlock at"));
}

TEST_CASE("lock-cycle: a join of a thread that wants what the joining one holds") {
    Bank bank;
    bank.waits_at(10, main_thread, private_memory + 0x800, helper, helper, true);
    waits_for_mutex(bank, 10, helper, first, main_thread);
    CHECK_THAT(bank.explanation(),
               Contains("bank holds the mutex at 0x7f0000001040 and waits to join bank thread 2."));
    CHECK_THAT(bank.explanation(), Contains("bank thread 2 waits for the mutex at"));
}

TEST_CASE("joins alone are no circle of locks") {
    Bank bank;
    bank.waits_at(10, main_thread, private_memory + 0x800, helper, helper, true);
    bank.waits_at(10, helper, private_memory + 0x900, main_thread, main_thread, true);
    CHECK(bank.stuck(main_thread));
    CHECK(bank.explanation().empty());
}

TEST_CASE("lock-cycle: process-shared mutexes of two processes") {
    Bank bank;
    bank.process(20, "bank/1", 10);
    const auto waits_for_shared = [&](pid_t tid, std::uint64_t address, pid_t owner) {
        bank.waits_at(tid, tid, address, 2, 2, true);
        mutex(bank, tid, address, owner, 0x80);
        bank.stands_in(tid, {"pthread_mutex_lock"});
    };
    waits_for_shared(10, shared_memory, 20);
    waits_for_shared(20, shared_memory + 0x40, 10);
    CHECK_THAT(bank.explanation(),
               Contains("bank holds the process-shared mutex at 0x7f0000100040 and waits for the "
                        "process-shared mutex at 0x7f0000100000, which bank/1 holds"));
}

TEST_CASE("lock-cycle: file locks of two processes") {
    Bank bank;
    bank.process(20, "other");
    file(bank, 10, 3, 1, true);
    file(bank, 10, 4, 2, false);
    file(bank, 20, 3, 1, false);
    file(bank, 20, 4, 2, true);
    bank.asleep(10, 10, SYS_flock, {4, LOCK_EX});
    bank.asleep(20, 20, SYS_flock, {3, LOCK_EX});
    CHECK(bank.explanation() ==
          "bank holds a lock of /tmp/one and waits for a write lock of /tmp/two (flock), held by other (fd "
          "4).\n"
          "other holds a lock of /tmp/two and waits for a write lock of /tmp/one (flock), held by bank (fd "
          "3).\n"
          "So each of them waits for another one of them, and none can ever go on.");
}

TEST_CASE("lock-cycle: a parent that holds the file lock which the child wants that it waits for") {
    Bank bank;
    bank.process(20, "bank/1", 10);
    file(bank, 10, 3, 1, true);
    file(bank, 20, 4, 1, false);
    bank.asleep(10, 10, SYS_wait4, {20, 0, 0});
    bank.asleep(20, 20, SYS_flock, {4, LOCK_EX});
    CHECK_THAT(bank.explanation(), Contains("bank holds a lock of /tmp/one and waits for"));
}

TEST_CASE("no circle: somebody outside of it may go on, or holds the lock and waits for something else") {
    Bank bank;
    waits_for_mutex(bank, 10, main_thread, second, helper);
    SECTION("runs") {
        bank.running(10, helper);
    }
    SECTION("waits for a signal") {
        bank.asleep(10, helper, SYS_pause, {});
    }
    CHECK(bank.explanation().empty());
}
