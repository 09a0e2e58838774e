// Many runs leave nothing behind: no descriptor, no process, no file, no memory.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

namespace fs = std::filesystem;

size_t entries_of(const std::string& folder) {
    std::error_code gone;
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder, gone), fs::directory_iterator()));
}

// Targets have the folder's name among their arguments, wherever they are.
size_t processes_with(const std::string& text) {
    size_t count = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error))
        if (const std::string pid = entry.path().filename(); std::isdigit(static_cast<unsigned char>(pid[0])))
            if (read_file_or_empty("/proc/" + pid + "/cmdline").contains(text)) ++count;
    return count;
}

struct Used {
    size_t descriptors = 0, pages = 0;
};

// By rehang and its workers.
Used used_by(const Running& run) {
    std::vector<int> pids = run.children();
    pids.push_back(run.pid());
    Used used;
    for (const int pid : pids) {
        const std::string proc = "/proc/" + std::to_string(pid);
        used.descriptors += entries_of(proc + "/fd");
        std::istringstream statm(read_file_or_empty(proc + "/statm"));
        size_t size = 0, resident = 0;
        statm >> size >> resident;
        used.pages += resident;
    }
    return used;
}

// Runs are going on whenever somebody looks: the middle one of many looks is what does not pass.
template <class Member>
size_t middle(std::vector<Used> looks, Member member) {
    std::ranges::nth_element(looks, looks.begin() + static_cast<std::ptrdiff_t>(looks.size() / 2), {},
                             member);
    return looks[looks.size() / 2].*member;
}

TEST_CASE("many runs leave no descriptor, no process, no file and no memory behind") {
    if (must_skip()) return;
    const Folder folder;
    const std::string name = fs::path(folder.path()).filename();
    // A hang with a process more, with a pipe, and with a file in a /tmp that is its own.
    const std::string file = folder.file(
        "x.toml",
        text_of(
            {.argv = fmt::format(
                 R"("/bin/sh", "-c", "echo > /tmp/{0}.left; mkfifo /tmp/pipe; cat /tmp/pipe; : {0}")", name),
             .expect = "outcome = \"hung\""}));
    std::vector<Used> early, late;
    {
        constexpr size_t runs = 120, looks = 30;
        Running run({"run", file, "--repeat", std::to_string(runs), "--jobs", "2"});
        for (size_t done = 0; done + 4 < runs;) {
            const std::string line = run.read_line();
            INFO(line);
            if (!line.contains("x #")) continue;
            CHECK_THAT(line, Catch::Matchers::Contains("hung"));
            ++done;
            if (done > looks / 2 && early.size() < looks) early.push_back(used_by(run));
            if (done + looks + 4 >= runs) late.push_back(used_by(run));
        }
        CHECK(run.wait().status == 0);
    }
    REQUIRE(early.size() == 30);
    REQUIRE(late.size() >= 30);
    CHECK(middle(late, &Used::descriptors) <= middle(early, &Used::descriptors) + 8);
#ifndef __SANITIZE_ADDRESS__  // keeps what was freed for a while
    CHECK(middle(late, &Used::pages) <= middle(early, &Used::pages) * 5 / 4);
#endif
    CHECK(processes_with(name) == 0);
    CHECK_FALSE(fs::exists("/tmp/" + name + ".left"));
    CHECK(entries_of(folder.path()) == 1);
}

}  // namespace
}  // namespace rehang::e2e
