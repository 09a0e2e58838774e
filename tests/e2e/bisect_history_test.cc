// The life of a small allocator, built and run commit by commit: who looked after its lock at fork, who lost
// that, and who added it again.
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "pool_history.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using history::make_pool_history;
using history::PoolCommit;
using history::PoolHistory;
using history::PoolQuestion;

// A thread stands inside the lock until the one that forks waits for it: in its fork, or, if nobody looks
// after the lock, behind it. So the order can be had with every version.
std::string forks_at_the_lock() {
    return text_of({.argv = fmt::format("\"{}/pool_user\"", REHANG_TEST_PROGRAMS),
                    .scenario = "[params]\npool = \"libpool.so\"\n",
                    .process = "preload = [\"${pool}\"]\n",
                    .rest = R"(
[point.helper]
process = "p"
thread  = "!main"
born    = true
[point.forks]
process = "p"
thread  = "main"
enter   = "libc.so.6!fork"
[point.in_lock]
process = "p"
thread  = "!main"
enter   = "${pool}!pool_put"
[point.waits]
process = "p"
thread  = "main"
enter   = "syscall:futex"
where   = { op = "FUTEX_WAIT|FUTEX_PRIVATE_FLAG" }
[[hold]]
at    = "helper"
until = "forks"
[[hold]]
at    = "forks"
until = "in_lock"
[[hold]]
at    = "in_lock"
until = "waits"
)",
                    .expect = "outcome = \"hung\"\ncause = \"inherited-lock\""});
}

// What the log has of versions, without the two ends.
std::vector<nlohmann::json> judged_in(const std::string& log, const std::string& good,
                                      const std::string& bad) {
    std::vector<nlohmann::json> judged;
    std::istringstream lines(read_file(log).value());
    std::string line;
    std::getline(lines, line);  // what it is about
    while (std::getline(lines, line)) {
        judged.push_back(nlohmann::json::parse(line));
        const std::string version = judged.back().at("version");
        if (version == good || version == bad) judged.pop_back();
    }
    return judged;
}

size_t log2_up(size_t n) {
    return static_cast<size_t>(std::ceil(std::log2(static_cast<double>(n))));
}

TEST_CASE("bisect finds who added, lost, and added again what keeps an allocator from hanging at fork") {
    if (must_skip()) return;
    const Folder folder;
    const auto made = make_pool_history(folder.path() + "/pool");
    INFO((made ? "" : made.error().what));
    REQUIRE(made);
    const PoolHistory& pool = *made;
    const std::string file = folder.file("x.toml", forks_at_the_lock());

    size_t unbuilt = 0, other_bugs = 0;
    for (const PoolQuestion& question : pool.questions) {
        const std::string log = folder.path() + "/" + question.older + ".log";
        const std::string good = question.finds_fix ? question.newer : question.older;
        const std::string bad = question.finds_fix ? question.older : question.newer;
        const Finished result = run_program("/usr/bin/env", {"XDG_CACHE_HOME=" + folder.path() + "/cache",
                                                             REHANG_PROGRAM,
                                                             "bisect",
                                                             file,
                                                             "--param",
                                                             "pool",
                                                             "--versions",
                                                             "git:" + pool.path,
                                                             "--build",
                                                             history::pool_build,
                                                             "--artifact",
                                                             history::pool_library,
                                                             "--good",
                                                             good,
                                                             "--bad",
                                                             bad,
                                                             "--find",
                                                             question.finds_fix ? "fix" : "bug",
                                                             "--log",
                                                             log});
        INFO(question.name << "\n" << result.out << result.err);
        CHECK(result.status == 0);
        const PoolCommit& answer = pool.commits[question.answer];
        CHECK_THAT(result.out,
                   Contains(fmt::format("{}  {} {}\n", question.finds_fix ? "first fixed" : "first bad",
                                        answer.id.substr(0, 12), answer.subject)));
        const nlohmann::json about =
            nlohmann::json::parse(read_file(log).value().substr(0, read_file(log).value().find('\n')));
        const size_t versions = about.at("versions").size();
        const auto judged = judged_in(log, about.at("good"), about.at("bad"));
        CHECK(versions >= 64);
        CHECK(judged.size() <= log2_up(versions) + 2);
        // Each of them came out as it is known to be.
        for (const nlohmann::json& version : judged) {
            const PoolCommit& commit = pool.of(version.at("version"));
            CAPTURE(commit.subject);
            const bool says_nothing = !commit.state.builds || commit.state.aborts;
            CHECK(version.at("judgement") == (says_nothing                      ? "unknown"
                                              : commit.state.looks_after_lock() ? "absent"
                                                                                : "present"));
            if (!commit.state.builds)
                ++unbuilt;
            else if (commit.state.aborts)
                ++other_bugs;
        }
    }
    CHECK(unbuilt > 0);
    CHECK(other_bugs > 0);
}

}  // namespace
}  // namespace rehang::e2e
