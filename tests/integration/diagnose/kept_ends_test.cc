#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "catch.h"
#include "rest.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

int open_file(const std::string& path) {
    return open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

// Each process opens the files itself: an open file that is inherited would share its lock.
void lock_files_crosswise(const std::string& one, const std::string& other) {
    Pipe ready, go;
    if (fork() == 0) {
        const int first = open_file(other), second = open_file(one);
        flock(first, LOCK_EX);
        tell(ready.write);
        wait_for(go.read);
        flock(second, LOCK_EX);
        _exit(0);
    }
    const int first = open_file(one), second = open_file(other);
    flock(first, LOCK_EX);
    wait_for(ready.read);
    tell(go.write);
    flock(second, LOCK_EX);
}

// The reader has one end; the other one is left only to a child that pauses.
void read_a_socket_that_a_paused_child_keeps() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) _exit(1);
    if (fork() == 0) {
        keep_only({ends[1]});
        rest_for_ever(Rest::stuck);
    }
    keep_only({ends[0]});
    char byte = 0;
    while (recv(ends[0], &byte, 1, 0) > 0) {
    }
}

}  // namespace

TEST_CASE("two processes that lock two files crosswise by flock: lock-cycle") {
    const std::string one = "/tmp/rehang-test-" + std::to_string(getpid()) + "-one", other = one + "-other";
    {
        StuckTree tree([&] { lock_files_crosswise(one, other); });
        tree.name_child(tree.a(), "a", "a/1");
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        const Diagnosis diagnosis = tree.explain();
        INFO(told(diagnosis));
        CHECK(diagnosis.cause == Cause::lock_cycle);
        CHECK_THAT(told(diagnosis),
                   Contains("a holds a lock of " + one + " and waits for a write lock of " + other));
        CHECK_THAT(told(diagnosis), Contains("a/1 holds a lock of " + other + " and waits for"));
    }
    unlink(one.c_str());
    unlink(other.c_str());
}

TEST_CASE("a reader whose socket's peer a paused child keeps open: held-pipe") {
    StuckTree tree(read_a_socket_that_a_paused_child_keeps);
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    INFO(told(diagnosis));
    CHECK(diagnosis.cause == Cause::held_pipe);
    CHECK_THAT(told(diagnosis), Contains("a waits for bytes or the end of socket:["));
    CHECK_THAT(told(diagnosis), Contains("a/1 holds its peer, socket:["));
}
