// Every way in which a process can come into being gives it its place in the fork tree, whatever its C
// library, or none.
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "one_run.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

// "p/1@1 exit 7": path, number of executions where there were some, and how it ended; by path.
Texts lives(const Json& run) {
    std::map<std::string, std::string> by_path;
    for (const Json& process : run["processes"]) {
        const std::string path = process["path"];
        const unsigned execs = process["execs"];
        by_path[path] =
            fmt::format("{}{} {}", path, execs == 0 ? "" : fmt::format("@{}", execs),
                        process["exit"].is_null() ? process["state"].get<std::string>()
                                                  : fmt::format("exit {}", process["exit"].get<int>()));
    }
    Texts texts;
    for (const auto& [path, text] : by_path) texts.push_back(text);
    return texts;
}

const Texts one_child = {"p exit 0", "p/1 exit 7"};
const Texts one_program = {"p exit 0", "p/1@1 exit 7"};

const std::map<std::string, Texts> ways = {
    {"fork", one_child},
    {"_Fork", one_child},
    {"vfork", one_child},
    {"posix_spawn", one_program},
    {"system", one_program},
    {"popen", one_program},
    {"clone", one_child},
    {"clone_vm", one_child},
    {"clone_no_signal", one_child},
    {"clone3", one_child},
    {"raw_clone", one_child},
    {"raw_fork", one_child},
    {"untraced_clone", one_child},
    {"untraced_clone3", one_child},
    {"clone_parent", {"p exit 0", "p/1 exit 7", "p/1/1 exit 7"}},
    {"daemon", {}},  // as the C library does it
    {"double_fork", {"p exit 0", "p/1 exit 7", "p/1/1 exit 7"}},
    {"thread", one_child},
    {"threads",
     {"p exit 0", "p/1 exit 7", "p/2 exit 7", "p/3 exit 7", "p/4 exit 7", "p/5 exit 7", "p/6 exit 7",
      "p/7 exit 7", "p/8 exit 7"}},
    {"exec_chain", {"p exit 0", "p/1@3 exit 7"}},
    {"exec_in_thread", {"p@1 exit 0", "p/1 exit 7"}},
};

// daemon(3) forks once in the GNU C library, twice in musl.
const Texts one_fork = {"p exit 0", "p/1 exit 0", "p/1/1 exit 7"};
const Texts two_forks = {"p exit 0", "p/1 exit 0", "p/1/1 exit 0", "p/1/1/1 exit 7"};

void check_all_ways(const std::string& name, const Texts& of_daemon) {
    if (must_skip() || !was_built(name)) return;
    for (const auto& [way, expected] : ways) {
        const Json run = report_of({.argv = program(name, way)});
        INFO(way);
        CHECK(run["outcome"] == "exited");
        CHECK(lives(run) == (way == "daemon" ? of_daemon : expected));
    }
}

TEST_CASE("every way to have a child is seen, with the GNU C library") {
    check_all_ways("births", one_fork);
}

TEST_CASE("every way to have a child is seen, in a static program") {
    check_all_ways("births_static", one_fork);
}

TEST_CASE("every way to have a child is seen, with musl") {
    check_all_ways("births_musl", two_forks);
}

TEST_CASE("every way to have a child is seen, in a static program with musl") {
    check_all_ways("births_musl_static", two_forks);
}

TEST_CASE("a runtime with threads of its own is followed, and its hang proven") {
    if (must_skip()) return;
    CHECK(lives(report_of({.argv = program("own_runtime", "threads")})) == Texts{"p exit 0"});
    CHECK(lives(report_of({.argv = program("own_runtime", "spawn")})) == Texts{"p exit 0", "p/1@1 exit 0"});
    const Json stuck = report_of({.argv = program("own_runtime", "stuck")});
    CHECK(stuck["outcome"] == "hung");
    CHECK(stuck["processes"][0]["threads"].size() == 5);
}

TEST_CASE("a static C++ program's threads are followed, and its hang proven") {
    if (must_skip()) return;
    CHECK(report_of({.argv = program("static_threads", "ends")})["exit"] == 7);
    const Json stuck = report_of({.argv = program("static_threads", "stuck")});
    CHECK(stuck["outcome"] == "hung");
    CHECK(stuck["processes"][0]["threads"][0]["waits_for"]["kind"] == "futex");
}

TEST_CASE("set-uid and set-gid programs run without the privilege, and the report says so once") {
    if (must_skip()) return;
    const Json run = report_of(
        {.argv = shell("cp /bin/true /tmp/t; chmod u+s,g+s /tmp/t; /tmp/t; /tmp/t; /tmp/t && exit 3")});
    CHECK(run["exit"] == 3);
    CHECK(run["notes"].size() == 1);
    CHECK(has_note(run, "executes /tmp/t, which is set-uid and is set-gid: in the sandbox it runs without"));
}

TEST_CASE("programs with file capabilities run without them, and the report says so") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("true", read_file_or_empty("/bin/true"));
    ::chmod(file.c_str(), 0755);
    const vfs_cap_data capabilities{.magic_etc = VFS_CAP_REVISION_2,
                                    .data = {{.permitted = 1, .inheritable = 0}, {}}};
    if (::setxattr(file.c_str(), XATTR_NAME_CAPS, &capabilities, sizeof capabilities, 0) != 0) {
        WARN("skipped: only root can give a file capabilities");
        return;
    }
    const std::string scenario = folder.file("x.toml", text_of({.argv = "\"${scenario_dir}/true\""}));
    const Json run = Json::parse(rehang({"run", scenario, "--json", "-"}).out)["runs"][0];
    CHECK(run["exit"] == 0);
    CHECK(has_note(run, "which has file capabilities: in the sandbox it runs without"));
}

TEST_CASE("Python's threads and os.fork") {
    if (must_skip()) return;
    if (::access("/usr/bin/python3", X_OK) != 0) {
        if (std::getenv("REHANG_MUST_RUN")) FAIL("there is no /usr/bin/python3");
        WARN("skipped: there is no /usr/bin/python3");
        return;
    }
    const Json run = report_of({.argv = R"('/usr/bin/python3', '-c', """
import os, threading
def child(status):
    pid = os.fork()
    if pid == 0: os._exit(status)
    os.waitpid(pid, 0)
thread = threading.Thread(target=child, args=(5,))
thread.start()
thread.join()
child(6)
""")"});
    CHECK(lives(run) == Texts{"p exit 0", "p/1 exit 5", "p/2 exit 6"});
}

TEST_CASE("a point can name one program of a process") {
    if (must_skip() || !was_built("births_musl")) return;
    // The child executes the program three times; each time main is entered.
    const auto points_of = [](const std::string& name) {
        std::string text;
        for (int exec = 0; exec <= 4; ++exec)
            text += fmt::format("[point.main{0}]\nprocess = \"p/1@exec{0}\"\nenter = \"{1}!exec_chain\"\n",
                                exec, name);
        return text;
    };
    for (const std::string name : {"births", "births_static", "births_musl", "births_musl_static"}) {
        const Json run = report_of({.argv = program(name, "exec_chain"), .rest = points_of(name)});
        INFO(name << run.dump(1));
        std::vector<bool> reached;
        for (const Json& point : run["points"]) reached.push_back(!point["reached_ms"].is_null());
        CHECK(reached == std::vector{true, true, true, true, false});
    }
}

TEST_CASE("points at functions of musl are met, and its loader is followed") {
    if (must_skip() || !was_built("births_musl")) return;
    const Json run = report_of({.argv = program("births_musl", "fork"), .rest = R"(
[point.forks]
process = "p"
enter = "libc.so!fork"
[point.child]
process = "p/1"
enter = "libc.so!_exit"
)"});
    CHECK_FALSE(run["points"][0]["reached_ms"].is_null());
    CHECK_FALSE(run["points"][1]["reached_ms"].is_null());
}

TEST_CASE("with their order given, forks of two threads have the same places every time") {
    if (must_skip()) return;
    for (const std::string first : {"2", "3"}) {
        const std::string second = first == "2" ? "3" : "2";
        const Json run = report_of({.argv = program("births", "two_threads"),
                                    .rest = fmt::format(R"(
[point.first_child]
process = "p/1"
born = true
[point.second]
process = "p"
thread = "nth:{}"
enter = "libc.so.6!fork"
[[hold]]
at = "second"
until = "first_child"
limit = "60s"
)",
                                                        second)});
        CHECK(run["outcome"] == "exited");
        CHECK(lives(run) ==
              Texts{"p exit 0", fmt::format("p/1 exit {}", first), fmt::format("p/2 exit {}", second)});
    }
}

}  // namespace
}  // namespace rehang::e2e
