// Trees that are looked at without a scenario: whoever lives on the machine may be at the other end.
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

// As an ordinary user nobody can be sure who holds a pipe: the processes of others can't be looked into.
bool all_can_be_seen() {
    if (geteuid() == 0) return true;
    WARN("skipped: only root can look into all processes of a machine");
    return false;
}

// Those of Catch2: somebody might send a signal that is handled.
void have_no_handlers() {
    for (int number = 1; number < SIGRTMIN; ++number) signal(number, SIG_DFL);
}

void lock_twice() {
    keep_only({});
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
}

void read_from_each_other() {
    have_no_handlers();
    Pipe down, up;
    if (fork() == 0) {
        keep_only({down.read.get(), up.write.get()});
        wait_for(down.read);
        _exit(0);
    }
    keep_only({down.write.get(), up.read.get()});
    wait_for(up.read);
}

void read_own_pipe() {
    Pipe pipe;
    keep_only({pipe.read.get(), pipe.write.get()});
    wait_for(pipe.read);
}

}  // namespace

TEST_CASE("machine: a process that locks a mutex twice is proven stuck, whoever asks") {
    StuckTree tree(lock_twice);
    tree.ask_from_outside();
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(diagnosis.stuck);
    REQUIRE(diagnosis.processes.size() == 1);
    CHECK(diagnosis.processes[0].path == diagnosis.processes[0].name);
    CHECK(diagnosis.processes[0].pid == tree.a());
}

TEST_CASE("machine: two processes that read from each other are proven stuck") {
    if (!all_can_be_seen()) return;
    StuckTree tree(read_from_each_other);
    tree.ask_from_outside();
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    REQUIRE(diagnosis.processes.size() == 2);
    CHECK(diagnosis.processes[1].path == diagnosis.processes[0].path + "/1");
    CHECK(diagnosis.processes[1].parent_path == diagnosis.processes[0].path);
}

TEST_CASE("machine: one of a pair that read from each other may go on, as long as only it is asked about") {
    if (!all_can_be_seen()) return;
    StuckTree tree(read_from_each_other);
    tree.ask_from_outside();
    const pid_t child = tree.name_child(tree.a(), "", "");
    tree.ask_from_outside();
    tree.scope().roots = {child};
    REQUIRE(tree.look_until_doubt("holds the other end"));
    CHECK(tree.never_proven(5));
    const Diagnosis diagnosis = tree.explain();
    CHECK_THAT(diagnosis.processes.at(0).threads.at(0).wait.sentence,
               Contains("(pid " + std::to_string(tree.a()) + ") (fd "));
}

TEST_CASE("machine: whoever else holds the other end of a pipe may write to it, and is named") {
    if (!all_can_be_seen()) return;
    Pipe pipe;
    StuckTree tree([&] {
        have_no_handlers();
        keep_only({pipe.read.get(), pipe.write.get()});
        wait_for(pipe.read);
        read_own_pipe();
    });
    tree.ask_from_outside();
    REQUIRE(tree.look_until_doubt("is outside of the tree"));
    CHECK(tree.never_proven(5));
    const Diagnosis diagnosis = tree.explain();
    const DiagnosedThread& reader = diagnosis.processes.at(0).threads.at(0);
    CHECK_THAT(reader.wait.sentence, Contains("(pid " + std::to_string(getpid()) + ") (fd "));
    tell(pipe.write);
    CHECK(tree.look_until(Diagnoser::Answer::stuck));  // at a pipe of its own
}

TEST_CASE("machine: a signal handler may write to a pipe of its own process") {
    if (!all_can_be_seen()) return;
    StuckTree tree([] {
        have_no_handlers();
        signal(SIGTERM, [](int) {});
        read_own_pipe();
    });
    tree.ask_from_outside();
    REQUIRE(tree.look_until_doubt("has handlers (SIGTERM)"));
    CHECK(tree.never_proven(5));
}

TEST_CASE("machine: anybody may send a signal to a process that waits for one") {
    StuckTree tree([] {
        keep_only({});
        pause();
    });
    tree.ask_from_outside();
    REQUIRE(tree.look_until_doubt("a signal may come from anybody"));
    CHECK(tree.never_proven(5));
}

TEST_CASE("machine: a child that is stuck is told although its parent is not") {
    StuckTree tree([] {
        if (fork() == 0) lock_twice();
        for (;;) usleep(1000);
    });
    tree.ask_from_outside();
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    REQUIRE(diagnosis.processes.size() == 2);
    CHECK_FALSE(diagnosis.processes[0].threads.at(0).stuck);
    CHECK(diagnosis.processes[1].threads.at(0).stuck);
}
