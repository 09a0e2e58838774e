#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

// A parent and a child that read from each other before either has written.
void read_from_each_other() {
    Pipe down, up;
    if (fork() == 0) {
        keep_only({down.read.get(), up.write.get()});
        wait_for(down.read);
        _exit(0);
    }
    keep_only({down.write.get(), up.read.get()});
    wait_for(up.read);
}

void wait_for_a_reading_child() {
    Pipe pipe;
    if (fork() == 0) {
        keep_only({pipe.read.get(), pipe.write.get()});
        wait_for(pipe.read);
        _exit(0);
    }
    keep_only({});
    waitpid(-1, nullptr, 0);
}

void poll_what_a_paused_child_holds() {
    Pipe one, other;
    if (fork() == 0) {
        keep_only({one.write.get(), other.write.get()});
        pause();
        _exit(0);
    }
    keep_only({one.read.get(), other.read.get()});
    pollfd fds[] = {{.fd = one.read.get(), .events = POLLIN, .revents = 0},
                    {.fd = other.read.get(), .events = POLLIN, .revents = 0}};
    poll(fds, 2, -1);
}

// What a daemonizer does wrong: its grandchild lives on with the write end that the first process reads to
// the end.
void read_to_the_end_of_a_kept_pipe() {
    Pipe pipe;
    if (fork() == 0) {
        if (fork() == 0) {
            keep_only({pipe.write.get()});
            pause();
        }
        keep_only({});
        pause();
        _exit(0);
    }
    keep_only({pipe.read.get()});
    wait_for(pipe.read);
}

}  // namespace

TEST_CASE("two processes that read from each other are proven stuck") {
    StuckTree tree(read_from_each_other);
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(diagnosis.stuck);
    CHECK(diagnosis.cause == Cause::unknown);
    const DiagnosedThread* const thread = find(diagnosis, "a", "main");
    REQUIRE(thread);
    CHECK(thread->wait.kind == WaitKind::pipe_read);
    CHECK_THAT(thread->wait.sentence, Contains("whose write end a/1 (fd"));
    CHECK(has_frame(*thread, "read"));
    CHECK_THAT(told(diagnosis), Contains("a can never go on: it reads from pipe:["));
}

TEST_CASE("a process that waits for a stuck child is proven stuck") {
    StuckTree tree(wait_for_a_reading_child);
    const pid_t child = tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    const DiagnosedThread* const thread = find(diagnosis, "a", "main");
    REQUIRE(thread);
    CHECK(thread->wait.kind == WaitKind::child);
    CHECK(thread->wait.children == std::vector<pid_t>{child});
    CHECK(thread->wait.sentence == "waits for its child a/1");
}

TEST_CASE("poll over pipes that only a paused process holds is proven stuck") {
    StuckTree tree(poll_what_a_paused_child_holds);
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(find(tree.explain(), "a", "main")->wait.kind == WaitKind::poll);
}

TEST_CASE("a reader whose pipe a paused grandchild keeps open: held-pipe") {
    StuckTree tree(read_to_the_end_of_a_kept_pipe);
    const pid_t middle = tree.name_child(tree.a(), "a", "a/1");
    const pid_t last = tree.name_child(middle, "a/1", "a/1/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    // At its fork the one in the middle had what the last one still has.
    const auto& processes = tree.scope().processes;
    tree.scope().forks = {capture_fork(processes[0], tree.a(), "a/1", last, {}),
                          capture_fork(processes[1], middle, "a/1/1", last, {})};
    const Diagnosis diagnosis = tree.explain();
    CHECK(diagnosis.cause == Cause::held_pipe);
    CHECK_THAT(told(diagnosis), Contains("a waits for bytes or the end of pipe:["));
    CHECK_THAT(told(diagnosis), Contains("a/1/1 holds the write end open as its fd"));
    CHECK_THAT(told(diagnosis), Contains("inherited through the forks a → a/1 → a/1/1"));
    CHECK_THAT(told(diagnosis), Contains("a/1/1 will not close it: it waits for a signal, in pause."));
}

TEST_CASE("a process that ends frees its readers: nothing is proven once it has gone on") {
    Pipe go;
    StuckTree tree([&] {
        Pipe pipe;
        if (fork() == 0) {
            keep_only({pipe.write.get(), go.read.get()});
            wait_for(go.read);
            _exit(0);
        }
        keep_only({pipe.read.get()});
        wait_for(pipe.read);
        pause();
    });
    tree.name_child(tree.a(), "a", "a/1");
    // This process holds the other end of what a/1 reads: it may go on whenever the test wants.
    CHECK(tree.look_until_doubt("held outside of the processes"));
    CHECK(tree.never_proven());
    tell(go.write);
    CHECK(tree.look_until(Diagnoser::Answer::stuck));  // a alone, in pause() for ever, with a zombie child
    CHECK_THAT(told(tree.explain()), Contains("a/1 has ended and stays a zombie: a has not waited for it."));
}
