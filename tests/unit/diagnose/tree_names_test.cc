// Names of processes without a scenario: by program and birth, and for as long as they live.
#include "diagnose/tree_names.h"

#include "catch.h"

using namespace rehang;

namespace {

struct Tree {
    Census census;
    Snapshot snapshot;
    TreeNames names;

    void add(pid_t pid, pid_t parent, const std::string& program, std::uint64_t born) {
        CensusProcess counted;
        counted.pid = pid;
        counted.parent = parent;
        counted.threads = {{.tid = pid, .run_count = {}, .name = program, .start_time = born}};
        census.processes.push_back(counted);
        ProcessSnapshot process;
        process.pid = pid;
        process.parent = parent;
        process.name = program;
        snapshot.processes.push_back(process);
    }
    void remove(size_t index) {
        census.processes.erase(census.processes.begin() + static_cast<std::ptrdiff_t>(index));
        snapshot.processes.erase(snapshot.processes.begin() + static_cast<std::ptrdiff_t>(index));
    }
    std::vector<std::string> paths() {
        names.name(census, snapshot);
        std::vector<std::string> paths;
        for (const ProcessSnapshot& process : snapshot.processes) paths.push_back(process.path);
        return paths;
    }
};

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("a root is called like its program, its children by birth") {
    Tree tree;
    tree.add(10, 1, "make", 100);
    tree.add(11, 10, "sh", 101);
    tree.add(12, 11, "cc", 102);
    tree.add(13, 10, "sh", 103);
    CHECK(tree.paths() == Paths{"make", "make/1", "make/1/1", "make/2"});
}

TEST_CASE("a second root of the same program is told apart by its pid") {
    Tree tree;
    tree.add(10, 1, "worker", 100);
    tree.add(20, 1, "worker", 101);
    CHECK(tree.paths() == Paths{"worker", "worker[20]"});
}

TEST_CASE("names stay when a parent has gone, and are not given again") {
    Tree tree;
    tree.add(10, 1, "make", 100);
    tree.add(11, 10, "sh", 101);
    tree.add(12, 11, "cc", 102);
    tree.paths();
    tree.remove(1);
    tree.snapshot.processes[1].parent = tree.census.processes[1].parent = 1;
    tree.add(13, 10, "sh", 104);
    CHECK(tree.paths() == Paths{"make", "make/1/1", "make/2"});
}

TEST_CASE("a pid that is used again is another process") {
    Tree tree;
    tree.add(10, 1, "make", 100);
    tree.add(11, 10, "sh", 101);
    tree.paths();
    tree.remove(1);
    tree.add(11, 10, "sh", 200);
    CHECK(tree.paths() == Paths{"make", "make/2"});
}

TEST_CASE("a program that executes another one keeps its name") {
    Tree tree;
    tree.add(10, 1, "sh", 100);
    tree.paths();
    tree.snapshot.processes[0].name = "sleep";
    CHECK(tree.paths() == Paths{"sh"});
}
