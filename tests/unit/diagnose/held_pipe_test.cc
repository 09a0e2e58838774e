#include <sys/syscall.h>

#include "case.h"
#include "catch.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

// a reads a pipe whose write end only its grandchild a/1/1 has, which waits for a signal.
struct Reader : Case {
    Reader() {
        process(10, "a");
        process(30, "a/1/1");
        main_processes({"a"});
        read_end(10, 3, 77);
        write_end(30, 1, 77);
        asleep(10, 10, SYS_read, {3, 0, 1});
        asleep(30, 30, SYS_pause, {});
    }
    // What the child of a fork got.
    void forked(const std::string& parent, const std::string& child, bool with_write_end) {
        ForkRecord& record = fork(parent, child);
        DescriptorSnapshot end = of(with_write_end ? 30 : 10).descriptors.front();
        record.descriptors.push_back(std::move(end));
    }
    std::string explanation() {
        const auto finding = ask(find_held_pipe);
        return finding ? told(*finding) : "";
    }
};

}  // namespace

TEST_CASE("held-pipe: who holds the write end, and through which forks it came there") {
    Reader scene;
    SECTION("from the reader itself") {
        scene.forked("a", "a/1", true);
        scene.forked("a/1", "a/1/1", true);
        CHECK_THAT(scene.explanation(),
                   Contains("as its fd 1, inherited through the forks a → a/1 → a/1/1."));
    }
    SECTION("its parent had opened it") {
        scene.forked("a", "a/1", false);
        scene.forked("a/1", "a/1/1", true);
        CHECK_THAT(scene.explanation(), Contains("as its fd 1, inherited through the fork a/1 → a/1/1."));
    }
    SECTION("not by fork") {
        scene.forked("a", "a/1", true);
        scene.forked("a/1", "a/1/1", false);
        CHECK_THAT(scene.explanation(), Contains("opened or was given after it was forked"));
    }
    SECTION("nobody has seen the forks: nothing is made up") {
        CHECK_THAT(scene.explanation(), Contains("as its fd 1."));
    }
}

TEST_CASE("not a held pipe while a holder waits for something of its own") {
    Reader scene;
    SECTION("at a lock") {
        scene.waits_at(30, 31, private_memory, 2, 2);
        CHECK(scene.explanation().empty());
    }
    SECTION("for the reader itself") {
        scene.write_end(10, 4, 78);
        scene.read_end(30, 5, 78);
        scene.asleep(30, 31, SYS_read, {5, 0, 1});
        CHECK(scene.explanation().empty());
    }
}
