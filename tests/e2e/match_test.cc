// rehang match and rehang scaffold: from a debugger's text to a scenario, and back.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "catch.h"
#include "command.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Json = nlohmann::json;

const std::string backtraces = REHANG_BACKTRACES;
const std::string qemu_report = backtraces + "/qemu-hang.report.json";
const std::string scenarios = REHANG_SCENARIOS;

bool no_qemu_or_tcmalloc() {
    return lacks({"program:qemu-system-x86_64", "file:libtcmalloc.so.4"}) || must_skip();
}

// What a user changes in a scaffold: the line that begins with `key` and holds `part` becomes `line`.
struct Edit {
    std::string key, part, line;
};

std::string edited(const std::string& text, const std::vector<Edit>& edits) {
    std::string to;
    size_t made = 0;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        for (const Edit& edit : edits)
            if (line.starts_with(edit.key) && line.contains(edit.part)) {
                line = edit.line;
                ++made;
            }
        to += line + '\n';
        at = end + 1;
    }
    CHECK(made == edits.size());
    return to;
}

// What is to be found out of the allocator: a function that is called with the list's lock held.
const Edit in_lock = {.key = "enter",
                      .part = "InsertRange",
                      .line = "enter = \"libtcmalloc.so.4!tcmalloc::CentralFreeList::ReleaseListToSpans\""};

const Edit arguments = {
    .key = "argv",
    .part = "qemu-system-x86_64",
    .line = R"(argv = ["qemu-system-x86_64", "-S", "-no-user-config", "-nodefaults", "-nographic", )"
            R"("-machine", "none,accel=kvm:tcg", "-qmp", "unix:/tmp/qmp.monitor,server=on,wait=off", )"
            R"("-pidfile", "/tmp/qmp.pid", "-daemonize"])"};

void check_reproduces(const Folder& folder, const std::string& text, const std::vector<Edit>& edits) {
    const std::string file = folder.file("edited.toml", edited(text, edits));
    const std::string report = folder.path() + "/report.json";
    const Finished run = rehang({"run", file, "--json", report});
    INFO(run.out << run.err);
    const Json document = Json::parse(*read_file(report));
    CHECK(document["runs"][0]["outcome"] == "hung");
    CHECK(document["runs"][0]["cause"] == "inherited-lock");
    CHECK(document["runs"][0]["as_expected"] == true);
    // And it is what was seen.
    const Finished match = rehang({"match", report, backtraces + "/qemu-hang.txt"});
    INFO(match.out << match.err);
    CHECK(match.status == 0);
}

}  // namespace

TEST_CASE("match says yes with its reasons, and which thread is which") {
    const Finished result = rehang({"match", qemu_report, backtraces + "/field.txt"});
    CHECK(result.status == 0);
    CHECK_THAT(result.out, StartsWith("✓ ") && Contains("is the hang of field.txt"));
    CHECK_THAT(result.out, Contains("probe/1/1 main is process 28105 thread 1 (LWP 28105)") &&
                               Contains("= tcmalloc::CentralFreeList::RemoveRange"));
}

TEST_CASE("match says no of a healthy program and of another hang") {
    for (const char* other : {"/qemu-healthy.txt", "/localtime.txt"}) {
        const Finished result = rehang({"match", qemu_report, backtraces + other, "--quiet"});
        CHECK(result.status == 1);
        CHECK_THAT(result.out, StartsWith("✗ "));
    }
}

TEST_CASE("match: for programs, and of two reports; from stdin") {
    const Finished result = rehang({"match", qemu_report, qemu_report, "--json", "-"});
    CHECK(result.status == 0);
    const Json json = Json::parse(result.out);
    CHECK(json["format"] == 1);
    CHECK(json["same"] == true);
    CHECK(json["threads"].size() == 4);
    CHECK(rehang({"match", qemu_report, "-"}, {}, backtraces + "/qemu-hang.txt").status == 0);
}

TEST_CASE("match: what is no report, no backtrace or not there is a mistake of the user") {
    const Folder folder;
    const std::string text = folder.file("text", "nothing of the kind\n");
    CHECK(rehang({"match", qemu_report, text}).status == 2);
    CHECK(rehang({"match", text, backtraces + "/field.txt"}).status == 2);
    CHECK(rehang({"match", qemu_report, folder.path() + "/none"}).status == 2);
    CHECK(rehang({"match", "no-such-scenario", backtraces + "/field.txt"}).status == 2);
    CHECK(rehang({"match", qemu_report}).status == 2);
    CHECK(rehang({"scaffold", text}).status == 2);
    CHECK(rehang({"scaffold", "4194303"}).status == 2);
}

TEST_CASE("match runs a scenario that it is given") {
    if (must_skip()) return;
    const std::string scenario = scenarios + "/libc/localtime-lock-at-fork.toml";
    const Finished same = rehang({"match", scenario, backtraces + "/localtime.txt"});
    INFO(same.out << same.err);
    CHECK(same.status == 0);
    CHECK(rehang({"match", scenario, backtraces + "/field.txt"}).status == 1);
}

TEST_CASE("scaffold: what it writes of any backtrace passes check") {
    for (const char* name :
         {"field.txt", "qemu-hang.txt", "qemu-healthy.txt", "localtime.txt", "daemonizer.txt"}) {
        const Folder folder;
        const std::string file = folder.path() + "/hang.toml";
        CHECK(rehang({"scaffold", backtraces + "/" + name, "-o", file}).status == 0);
        const Finished check = rehang({"check", file});
        INFO(name << ": " << check.err);
        CHECK(check.status == 0);
    }
}

TEST_CASE("scaffold: of QEMU's hang in a backtrace, two lines make a scenario that hangs like it") {
    if (no_qemu_or_tcmalloc()) return;
    const Folder folder;
    const Finished scaffold = rehang({"scaffold", backtraces + "/qemu-hang.txt"});
    REQUIRE(scaffold.status == 0);
    check_reproduces(folder, scaffold.out, {in_lock, arguments});
}

TEST_CASE("scaffold: of a QEMU that hangs here and now, one line makes a scenario that hangs like it") {
    if (no_qemu_or_tcmalloc()) return;
    const Folder folder;
    const Finished first = rehang({"scaffold", backtraces + "/qemu-hang.txt"});
    const std::string file = folder.file("first.toml", edited(first.out, {in_lock, arguments}));
    const std::string report = folder.path() + "/kept.json";
    const Finished kept = rehang({"run", file, "--keep", "--json", report}, folder.path());
    INFO(kept.out << kept.err);
    const Json run = Json::parse(*read_file(report))["runs"][0];
    REQUIRE(run["outcome"] == "hung");
    const Finished live = rehang({"scaffold", std::to_string(run["processes"][0]["host_pid"].get<int>())});
    kill(run["keeper"].get<int>(), SIGTERM);
    INFO(live.out << live.err);
    REQUIRE(live.status == 0);
    check_reproduces(folder, live.out, {in_lock});
}

}  // namespace rehang::e2e
