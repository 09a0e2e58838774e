// Looking at a hang oneself: --gdb, --core.
#include <fmt/format.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "family.h"
#include "host/host.h"
#include "looking.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string hang = std::string(REHANG_SCENARIOS) + "/libc/localtime-lock-at-fork.toml";

TEST_CASE(
    "the option --gdb opens gdb on the thread that the others wait for, once, and the report comes "
    "afterwards") {
    if (no_gdb()) return;
    const Folder folder;
    const std::string commands = folder.file("commands", "bt\nquit\n");
    const Finished result = rehang({"run", hang, "--gdb"}, folder.path(), commands);
    CHECK(result.status == 0);
    const size_t stack = result.out.find("(gdb) #0");
    const size_t report = result.out.find("\nWhy\n");
    REQUIRE(stack != std::string::npos);
    REQUIRE(report != std::string::npos);
    CHECK(stack < report);
    CHECK_THAT(result.out.substr(stack, report - stack),
               Contains("__lll_lock_wait_private") && Contains("log_line"));
    CHECK(result.out.find("(gdb) #0", stack + 1) == std::string::npos);
    CHECK_THAT(result.out, Contains("(control)  exited with 0"));
}

TEST_CASE("a gdb that is killed ends the run like one that was left") {
    if (no_gdb()) return;
    AtPrompt gdb(hang, "localtime_fork");
    REQUIRE(::kill(gdb.pid_of("gdb"), SIGKILL) == 0);
    const Finished result = gdb.run->wait();
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("\nWhy\n"));
    check_that_nobody_is_left(gdb.family);
}

TEST_CASE("SIGINT is for the gdb in the foreground: rehang waits for its end") {
    if (no_gdb()) return;
    AtPrompt gdb(hang, "localtime_fork");
    gdb.run->send(SIGINT);
    gdb.quit();
    const Finished result = gdb.run->wait();
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("\nWhy\n"));
    check_that_nobody_is_left(gdb.family);
}

TEST_CASE("whatever ends rehang or its worker while gdb runs, nobody is left behind") {
    if (no_gdb()) return;
    SECTION("rehang is killed") {
        AtPrompt gdb(hang, "localtime_fork");
        gdb.run->send(SIGKILL);
        CHECK(gdb.run->wait().status == 128 + SIGKILL);
        check_that_nobody_is_left(gdb.family);
    }
    SECTION("rehang is asked to end") {
        AtPrompt gdb(hang, "localtime_fork");
        gdb.run->send(SIGTERM);
        CHECK(gdb.run->wait().status == 130);
        check_that_nobody_is_left(gdb.family);
    }
    SECTION("its worker is killed") {
        AtPrompt gdb(hang, "localtime_fork");
        REQUIRE(::kill(gdb.worker(), SIGKILL) == 0);
        CHECK(gdb.run->wait().status == 3);
        check_that_nobody_is_left(gdb.family);
    }
}

TEST_CASE("without gdb the options say which package brings it, and nothing is run") {
    if (no_gdb()) return;
    const auto gdb = find_program("gdb");
    REQUIRE(gdb);
    for (const char* option : {"--gdb", "--core"}) {
        const std::string without =
            fmt::format("mount --bind /dev/null {} && exec {} run {} {}", *gdb, REHANG_PROGRAM, hang, option);
        const Finished result = run_program("/usr/bin/unshare", {"-rm", "/bin/sh", "-c", without});
        CHECK(result.status == 125);
        CHECK(result.out.empty());
        CHECK_THAT(result.err, Contains("apt") && Contains("gdb"));
    }
}

TEST_CASE("the option --gdb is for one run at a time, and not for JSON on stdout") {
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{"--repeat", "2"}, {"--jobs", "2"}, {"--json", "-"}}) {
        std::vector<std::string> words = {"run", hang, "--gdb"};
        words.insert(words.end(), more.begin(), more.end());
        const Finished result = rehang(words);
        CHECK(result.status == 2);
        CHECK_THAT(result.err, Contains("--gdb"));
    }
}

TEST_CASE("the option --core writes a core file of each process of a hang, which gdb can read") {
    if (no_gdb()) return;
    const Folder folder;
    const std::string json = folder.path() + "/report.json";
    CHECK(rehang({"run", hang, "--core", "--json", json}, folder.path()).status == 0);
    const Json runs = Json::parse(read_file_or_empty(json))["runs"];
    REQUIRE(runs[0]["cores"].size() == 2);
    CHECK(runs[1]["cores"].empty());
    for (const Json& core : runs[0]["cores"]) {
        CHECK(read_file_or_empty(core["file"])
                  .starts_with("\x7f"
                               "ELF"));
        CHECK_THAT(core["program"].get<std::string>(), Contains("localtime_fork"));
        const Finished gdb = run_program(
            "/usr/bin/env", {"gdb", "-nx", "-batch", "-ex", "bt", core["program"].get<std::string>(),
                             core["file"].get<std::string>()});
        const bool hangs = core["process"] == "app/1";
        CHECK_THAT(gdb.out, hangs ? Contains("__lll_lock_wait_private") && Contains("log_line")
                                  : Contains("wait") && Contains("main"));
    }
    CHECK(runs[0]["keeper"].is_null());
}

}  // namespace
}  // namespace rehang::e2e
