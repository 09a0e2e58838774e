#include <linux/futex.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include <array>
#include <cstring>

#include "case.h"
#include "catch.h"
#include "diagnose/asked_memory.h"

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

// Of glibc, by which a FILE's lock names its owner: its own address twice, and the thread's id.
std::uint64_t descriptor_of(Case& scene, pid_t pid, pid_t tid) {
    const std::uint64_t at = private_memory + 0x10000 * static_cast<std::uint64_t>(tid);
    const std::array<std::uint64_t, 3> head = {at, 0, at};
    scene.bytes(pid, at, head.data(), sizeof head);
    scene.word(pid, at + thread_descriptor_tid_offset, static_cast<std::uint32_t>(tid));
    return at;
}

void waits_for_stdio_lock(Case& scene, pid_t pid, pid_t tid, std::uint64_t address, pid_t owner) {
    scene.asleep(pid, tid, SYS_futex, {address, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2});
    const StdioLock lock = {.word = 2, .depth = 1, .owner = descriptor_of(scene, pid, owner)};
    scene.bytes(pid, address, &lock, sizeof lock);
}

// A lock of an allocator, say: a word, and nothing else.
void waits_for_bare_lock(Case& scene, pid_t pid, pid_t tid, std::uint64_t address) {
    scene.word(pid, address, 2);
    scene.asleep(pid, tid, SYS_futex, {address, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2});
}

// A reader with a stream locked, a flusher with the list of streams, a forker with the allocator, and who
// waits for the reader's end.
struct Server : Case {
    static constexpr pid_t reader = 11, flusher = 12, forker = 13;
    static constexpr std::uint64_t stream = private_memory + 0x100, list = private_memory + 0x140,
                                   allocator = private_memory + 0x180;
    Server() {
        process(10, "server");
        main_processes({"server"});
        waits_at(10, 10, private_memory + 0x800, reader, reader, true);
        waits_for_bare_lock(*this, 10, reader, allocator);
        waits_for_stdio_lock(*this, 10, flusher, stream, reader);
        waits_for_stdio_lock(*this, 10, forker, list, flusher);
        stands_in(reader, {"SpinLockDelay", "getdelim"});
        stands_in(flusher, {"__lll_lock_wait_private", "flush_all"});
        stands_in(forker, {"__lll_lock_wait_private", "_IO_list_lock", "fork"});
        executes("server", 0);
        known().pid = 10;
        known().births = 4;
    }
    KnownProcess& known() { return scope.processes.front(); }
    std::string explanation() {
        const auto finding = ask(find_lock_cycle);
        return finding ? told(*finding) : "";
    }
};

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

TEST_CASE("lock-cycle: through a lock that names no owner, where each who may hold it waits in turn") {
    Server server;
    CHECK(server.explanation() ==
          "server thread 2 holds the stdio lock at 0x7f0000001100 and waits for the futex word at "
          "0x7f0000001180, which is 2, in SpinLockDelay ← getdelim.\n"
          "That lock does not say who holds it. No thread of server has ended, so it is server thread 4, "
          "server "
          "or server thread 3, and each of them waits for server thread 2 in turn.\n"
          "server thread 4 waits for the stdio lock at 0x7f0000001140, which server thread 3 holds, in "
          "__lll_lock_wait_private ← _IO_list_lock ← fork.\n"
          "server thread 3 holds the stdio lock at 0x7f0000001140 and waits for the stdio lock at "
          "0x7f0000001100, which server thread 2 holds, in __lll_lock_wait_private ← flush_all.\n"
          "So each of them waits for another one of them, and none can ever go on.\n"
          "server waits in turn: it waits to join server thread 2.");
}

TEST_CASE("no circle through a lock that names no owner, if that may be somebody else") {
    Server server;
    SECTION("a thread that has ended") {
        server.known().births = 5;
    }
    SECTION("nobody knows") {
        server.scope.processes.clear();
    }
    SECTION("a thread that waits for something else") {
        server.waits_at(10, 14, private_memory + 0x900, 5, 5);
        server.known().births = 5;
    }
    SECTION("a thread of the process that it was forked from") {
        server.fork("parent", "server");
    }
    SECTION("a process with the same memory") {
        server.process(20, "server/1", 10).memory_of = 10;
        server.of(10).memory_of = 10;
        server.asleep(20, 20, SYS_pause, {});
    }
    CHECK(server.explanation().empty());
}

TEST_CASE("lock-cycle: through a lock that was not locked when the process was forked") {
    Server server;
    const std::uint32_t word = GENERATE(0U, 1U);
    ForkRecord& fork = server.fork("parent", "server");
    elf::SavedStack piece;
    piece.start = Server::allocator;
    piece.bytes.resize(8);
    std::memcpy(piece.bytes.data(), &word, sizeof word);
    fork.memory = std::make_shared<const std::vector<elf::SavedStack>>(std::vector{piece});
    CHECK(server.explanation().empty() == (word == 1));
}

TEST_CASE("no circle through what is waited for in another way than a lock") {
    Server server;
    server.waits_at(10, Server::reader, Server::allocator, 1, 1);
    CHECK(server.explanation().empty());
}

TEST_CASE("a stdio lock whose owner can't be told is none") {
    Server server;
    const std::uint64_t descriptor = descriptor_of(server, 10, Server::flusher);
    SECTION("no thread descriptor") {
        const std::uint64_t other = 1;
        server.bytes(10, descriptor + 16, &other, sizeof other);
    }
    SECTION("of a thread that does not exist") {
        server.word(10, descriptor + thread_descriptor_tid_offset, 99);
    }
    CHECK(server.explanation().empty());
}
