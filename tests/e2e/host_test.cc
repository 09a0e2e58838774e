// Hosts that lack something: doctor says what and how to get it, and a run's verdict is honest.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "command.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string exits = text_of({.name = "exits"});

// Stops itself, and nobody is left to let it continue.
const std::string hangs = text_of({.name = "hangs",
                                   .argv = R"("/bin/bash", "-c", "kill -STOP $$")",
                                   .rest = R"([point.reads]
process = "p"
enter = "syscall:read"
)",
                                   .expect = R"(outcome = "hung")"});

// Has a point that needs a breakpoint.
const std::string stops_at_function = text_of({.name = "stops-at-function", .rest = R"([point.exit]
process = "p"
enter = "libc.so.6!exit"
)"});

// Every second call of the shell's writes fails.
const std::string fails = text_of(
    {.name = "fails", .argv = R"("/bin/sh", "-c", "echo 1; echo 2; echo 3; echo 4")", .rest = R"([[fault]]
name = "no-space"
process = "p"
syscall = "write"
where = { fd = 1 }
every = 2
errno = "ENOSPC"
)"});

struct Lacking {
    std::string handicap;
    std::string ability;  // that `doctor` marks
    std::string advice;   // part of its fix
};

const std::vector<Lacking>& hosts_that_cannot() {
    static const std::vector<Lacking> hosts = {
        {"no-user-namespaces", "user namespaces", "user.max_user_namespaces"},
        {"restricted-user-namespaces", "read-only view of the host", "apparmor=unconfined"},
        {"no-clone3", "user namespaces", "a kernel of 5.12 or later"},
        {"no-mount-setattr", "read-only view of the host", "a kernel of 5.12 or later"},
        {"no-ptrace", "ptrace", "SYS_PTRACE"},
        {"no-process-vm-readv", "process_vm_readv", "SYS_PTRACE"},
        {"no-seccomp", "seccomp filters", "seccomp=unconfined"},
    };
    return hosts;
}

// The lines of `doctor` from an ability's own up to the next one.
std::string told_of(const std::string& doctor, const std::string& ability) {
    const size_t at = doctor.find(' ' + ability);
    if (at == std::string::npos) return {};
    const size_t next = std::min(doctor.find("\n✓", at), doctor.find("\n✗", at));
    return doctor.substr(doctor.rfind('\n', at) + 1, next - at + 4);
}

Json run_of(const Finished& result) {
    INFO(result.err);
    REQUIRE_FALSE(result.out.empty());
    return Json::parse(result.out)["runs"][0];
}

TEST_CASE("a host that can't run scenarios: doctor marks what is missing, runs are unsupported and say it") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("exits.toml", exits);
    for (const Lacking& host : hosts_that_cannot()) {
        INFO(host.handicap);
        // LeakSanitizer stops the process by ptrace to look through it.
        const SanitizerOptions options(host.handicap == "no-ptrace" ? "detect_leaks=0" : "");
        const Finished doctor = rehang_without({host.handicap}, {"doctor"});
        INFO(doctor.out << doctor.err);
        CHECK(doctor.status == 125);
        const std::string told = told_of(doctor.out, host.ability);
        CHECK_THAT(told, Contains("✗") && Contains("fix:"));
        CHECK_THAT(doctor.out, Contains("rehang can't run here"));

        const Finished run = rehang_without({host.handicap}, {"run", file, "--json", "-"});
        CHECK(run.status == 125);
        const Json report = run_of(run);
        CHECK(report["outcome"] == "unsupported");
        CHECK(report["as_expected"] == false);
        const std::string notes = report["notes"].dump();
        CHECK_THAT(notes, Contains(host.ability) && Contains(host.advice));
    }
}

TEST_CASE("without hardware breakpoints, scenarios without functions run and the others are unsupported") {
    if (must_skip()) return;
    const Folder folder;
    const std::vector<std::string> handicap = {"no-breakpoints"};
    const Finished doctor = rehang_without(handicap, {"doctor"});
    CHECK(doctor.status == 0);
    CHECK_THAT(doctor.out,
               Contains("rehang can run here, but no scenario that has points or faults at functions"));

    CHECK(rehang_without(handicap, {"run", folder.file("exits.toml", exits)}).status == 0);
    CHECK(rehang_without(handicap, {"run", folder.file("hangs.toml", hangs)}).status == 0);
    const Finished run =
        rehang_without(handicap, {"run", folder.file("function.toml", stops_at_function), "--json", "-"});
    CHECK(run.status == 125);
    CHECK_THAT(run_of(run)["notes"].dump(), Contains("points or faults at functions: hardware breakpoints"));
}

TEST_CASE("what has a substitute may be missing: verdicts are the same") {
    if (must_skip()) return;
    const Folder folder;
    const std::string exiting = folder.file("exits.toml", exits);
    const std::string hanging = folder.file("hangs.toml", hangs);
    const std::string failing = folder.file("fails.toml", fails);
    for (const std::string handicap : {"no-kcmp", "no-notification", "no-pidfd-getfd"}) {
        INFO(handicap);
        CHECK(rehang_without({handicap}, {"doctor"}).status == 0);
        CHECK(rehang_without({handicap}, {"run", exiting}).status == 0);
        const Json report = run_of(rehang_without({handicap}, {"run", hanging, "--json", "-"}));
        CHECK(report["outcome"] == "hung");
        CHECK(report["proven"] == true);
        const Json faulty = run_of(rehang_without({handicap}, {"run", failing, "--json", "-"}));
        CHECK(faulty["streams"][0]["stdout"] == "2\n4\n");
        CHECK(faulty["faults"][0]["matched"] == 4);
        CHECK(faulty["faults"][0]["fired"] == 2);
    }
}

}  // namespace
}  // namespace rehang::e2e
