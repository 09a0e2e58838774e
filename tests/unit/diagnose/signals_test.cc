// Signals as wakers: of waits for them, of any wait through a handler, and as what kills those that a wait
// depends on.
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

constexpr std::uint64_t word = private_memory + 0x40;

constexpr std::uint64_t bit_of(int signal) {
    return std::uint64_t{1} << (signal - 1);
}

// A private futex that no thread but its only one can reach.
Scene on_a_futex() {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_futex, {word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2});
    scene.word(10, word, 2);
    return scene;
}

Scene in_sigwait(std::uint64_t timeout = 0) {
    Scene scene;
    scene.process(10, "a");
    const std::uint64_t set = bit_of(SIGUSR1) | bit_of(SIGTERM);
    scene.asleep(10, 10, SYS_rt_sigtimedwait, {private_memory, 0, timeout, 8});
    scene.bytes(10, private_memory, &set, sizeof set);
    return scene;
}

void add_running(Scene& scene) {
    scene.process(20, "b");
    scene.running(20, 20);
}

}  // namespace

TEST_CASE("a thread with a handler may be woken by whoever goes on and could send the signal") {
    Scene scene = on_a_futex();
    add_running(scene);
    CHECK(scene.stuck(10));
    scene.of(10).threads.front().caught = bit_of(SIGUSR1);
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.may_go_on(10) == "b may end its wait by a signal: it runs");
    SECTION("nobody goes on, nobody sends") {
        scene.of(20).threads.front().held_at = "somewhere";
        CHECK_FALSE(scene.stuck(10));
        CHECK(scene.stuck(10, {.holds_last = true}));
    }
    SECTION("the C library's own signals only come from its own threads") {
        scene.of(10).threads.front().caught = bit_of(32) | bit_of(33);
        CHECK(scene.stuck(10));
    }
    SECTION("processes that are not asked about are not asked for signals") {
        scene.of(20).outside = true;
        CHECK(scene.stuck(10));
    }
}

TEST_CASE("a wait that notices the end of others is not stuck while somebody could kill them") {
    Scene scene;
    scene.process(10, "a");
    scene.read_end(10, 3, 100);
    scene.asleep(10, 10, SYS_read, {3, 0, 1});
    scene.process(20, "a/1", 10);
    scene.write_end(20, 4, 100);
    scene.asleep(20, 20, SYS_futex, {word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2});
    scene.word(20, word, 2);
    CHECK(scene.stuck(10));
    scene.process(30, "b");
    scene.running(30, 30);
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.stuck(20));  // it would be the one that is killed
}

TEST_CASE("a descriptor that sends signals makes every handler a way out") {
    Scene scene = on_a_futex();
    scene.descriptor(10, 5, "socket:[9]").sends_signals = true;
    CHECK(scene.stuck(10));
    scene.of(10).threads.front().caught = bit_of(SIGIO);
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).by_outside == "socket:[9] (fd 5) of a sends a signal when it becomes ready");
}

TEST_CASE("outside of a sandbox a handler of SIGALRM may be for a timer that nobody can see") {
    Scene scene = on_a_futex();
    scene.of(10).threads.front().caught = bit_of(SIGALRM);
    CHECK(scene.stuck(10));
    scene.snapshot.world = World::machine;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("sigwait: the signals are named, and any other thread that goes on may send one") {
    Scene scene = in_sigwait();
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::signal);
    CHECK(scene.wait(10).sentence == "waits for the signal SIGUSR1 or SIGTERM, in rt_sigtimedwait");
    SECTION("another thread") {
        scene.running(10, 11);
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("a timer") {
        scene.of(10).alarm = true;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("a descriptor") {
        scene.descriptor(10, 5, "socket:[9]").sends_signals = true;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("outside of a sandbox: anybody") {
        scene.snapshot.world = World::machine;
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("sigwait with a time-out goes on") {
    CHECK_FALSE(in_sigwait(private_memory + 0x800).stuck(10));
}

TEST_CASE("outside of a sandbox anybody may continue a stopped process") {
    Scene scene = on_a_futex();
    scene.of(10).threads.front().state = 'T';
    CHECK(scene.stuck(10));
    scene.snapshot.world = World::machine;
    CHECK_FALSE(scene.stuck(10));
}
