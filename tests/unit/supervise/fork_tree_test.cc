#include "supervise/fork_tree.h"

#include "catch.h"

using namespace rehang;

TEST_CASE("children are named by the order of their birth in the forking process") {
    ForkTree tree;
    TrackedProcess& probe = tree.add_root("probe", 10);
    TrackedProcess& first = tree.add_child(probe, 11);
    CHECK(first.path.text() == "probe/1");
    CHECK(tree.add_child(first, 12).path.text() == "probe/1/1");
    CHECK(tree.add_child(probe, 13).path.text() == "probe/2");
    CHECK(first.parent->text() == "probe");
    CHECK_FALSE(probe.parent);
}

TEST_CASE("threads are numbered by birth, and numbers are not given again") {
    ForkTree tree;
    TrackedProcess& probe = tree.add_root("probe", 10);
    CHECK(tree.thread(10)->nth == 1);
    CHECK(tree.add_thread(probe, 20).nth == 2);
    tree.end_thread(20);
    CHECK_FALSE(tree.thread(20));
    CHECK(tree.add_thread(probe, 21).nth == 3);
}

TEST_CASE("execve leaves the main thread alone") {
    ForkTree tree;
    TrackedProcess& probe = tree.add_root("probe", 10);
    tree.add_thread(probe, 20);
    tree.execute(probe, "/bin/a");
    CHECK(probe.threads.size() == 1);
    CHECK_FALSE(tree.process_of(20));
    CHECK(tree.process_of(10) == &probe);
    CHECK(tree.add_thread(probe, 30).nth == 2);
}

TEST_CASE("an ended process keeps its place and its exit status, and its number can be used again") {
    ForkTree tree;
    TrackedProcess& probe = tree.add_root("probe", 10);
    TrackedProcess& child = tree.add_child(probe, 11);
    tree.end_process(child, 0x100);
    CHECK(child.ended());
    CHECK_FALSE(tree.process_of(11));
    TrackedProcess& next = tree.add_child(probe, 11);
    CHECK(tree.process_of(11) == &next);
    CHECK(tree.find(*ProcessPath::parse("probe/1"))->exit_status == 0x100);
    CHECK(tree.live_threads() == 2);
}

TEST_CASE("executions are counted from the program that starts a [[process]], and from a fork") {
    ForkTree tree;
    TrackedProcess& probe = tree.add_root("probe", 10);
    tree.execute(probe, "/bin/a");
    CHECK(probe.execs == 0);
    tree.execute(probe, "/bin/b");
    CHECK(probe.execs == 1);
    TrackedProcess& child = tree.add_child(probe, 11);
    CHECK(child.execs == 0);
    CHECK(child.program == "/bin/b");
    tree.execute(child, "/bin/c");
    CHECK(child.execs == 1);
    CHECK(child.program == "/bin/c");
    CHECK(child.path.text() == "probe/1");
}
