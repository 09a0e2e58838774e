// Looking at a hang oneself: --gdb, --keep, --core.
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "host/host.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string hang = std::string(REHANG_SCENARIOS) + "/libc/localtime-lock-at-fork.toml";

bool no_gdb() {
    if (must_skip()) return true;
    const auto there = check_need("program:gdb");
    if (there) return false;
    if (std::getenv("REHANG_MUST_RUN")) FAIL(there.error().what);
    WARN("skipped: " << there.error().what);
    return true;
}

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
    CHECK_THAT(result.out.substr(stack, report - stack), Contains("__tz_convert") && Contains("log_line"));
    CHECK(result.out.find("(gdb) #0", stack + 1) == std::string::npos);
    CHECK_THAT(result.out, Contains("(control)  exited with 0"));
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

TEST_CASE("the option --keep leaves a hang alive: untouched, until its keeper is told to end") {
    if (must_skip()) return;
    const Folder folder;
    const std::string json = folder.path() + "/report.json";
    const Finished result = rehang({"run", hang, "--keep", "--json", json}, folder.path());
    CHECK(result.status == 0);
    const Json run = Json::parse(read_file_or_empty(json))["runs"][0];
    const int keeper = run["keeper"];
    CHECK_THAT(result.out, Contains("end it all: kill " + std::to_string(keeper)));
    const std::string folder_of_target =
        "/proc/" + std::to_string(run["processes"][1]["host_pid"].get<int>());
    const std::string status = read_file_or_empty(folder_of_target + "/status");
    CHECK_THAT(status, Contains("State:\tS") && Contains("TracerPid:\t0\n"));
    REQUIRE(::kill(keeper, SIGTERM) == 0);
    while (std::filesystem::exists(folder_of_target)) ::usleep(1000);  // ends: the kernel kills it
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
    }
    CHECK(runs[0]["keeper"].is_null());
}

}  // namespace
}  // namespace rehang::e2e
