// Programs for arm64 under qemu-user, on a fake /dev/kvm: one that asks everything a test can think of, and
// Debian's real arm64 QEMU in the catalogue's scenarios.
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "catalogue_files.h"
#include "catch.h"
#include "command.h"
#include "one_run.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

bool can_run_arm64() {
    return !lacks({"root:arm64", "program:qemu-aarch64-static"}) && was_built("kvm_asks-aarch64");
}

std::string client(const std::string& architecture) {
    return "LD_PRELOAD=${targets}/fake_client-" + architecture + ".so";
}

std::string fake(const std::string& model) {
    return "[[fake]]\ndevice = \"/dev/kvm\"\nmodel = \"" + model + "\"\n";
}

// Of all kinds of calls the program makes some; it ends with 0 if the answers are right.
void check_all_right(const std::string& argv, const std::string& model) {
    const Json run = report_of({.argv = argv,
                                .limits = "memory = \"16GiB\"",
                                .rest = fake(model),
                                .expect = "outcome = \"exited\"\nexit = 0\nstdout = [\"all right\"]"});
    INFO(run["streams"]);
    CHECK(run["mismatches"] == Json::array());
    REQUIRE(run["fakes"].size() == 1);
    CHECK(run["fakes"][0]["opened"] == 1);
}

TEST_CASE(
    "a client asks the fake for a program of this machine, and a program that asks by itself gets the same") {
    if (must_skip()) return;
    check_all_right(program("kvm_asks", ""), "kvm-x86");
    check_all_right("\"/usr/bin/env\", \"" + client("x86_64") + "\", " + program("kvm_asks", ""), "kvm-x86");
}

TEST_CASE("without a runner a client makes the calls itself") {
    const std::string library =
        std::filesystem::path(REHANG_PROGRAM).parent_path().string() + "/../targets/fake_client-x86_64.so";
    const Finished alone = run_program(
        "/usr/bin/env", {"LD_PRELOAD=" + library, "/bin/sh", "-c", "test -t 0 || echo no terminal"});
    CHECK(alone.err == "");  // the loader has found it
    CHECK(alone.out == "no terminal\n");
}

TEST_CASE(
    "a client asks the fake for a program of arm64: its memory, its descriptors, and waits that a signal "
    "ends") {
    if (must_skip() || !can_run_arm64()) return;
    const std::string emulated =
        "\"qemu-aarch64-static\", \"-L\", \"${arm64_root}\", \"-E\", \"" + client("aarch64") + "\", ";
    check_all_right(emulated + program("kvm_asks-aarch64", ""), "kvm-arm64");
    check_all_right(
        "\"qemu-aarch64-static\", \"-B\", \"0x100000000\", \"-L\", \"${arm64_root}\", \"-E\", \"" +
            client("aarch64") + "\", " + program("kvm_asks-aarch64", ""),
        "kvm-arm64");
}

TEST_CASE("faults of ioctl come before the fake, for a guest's calls too") {
    if (must_skip() || !can_run_arm64()) return;
    const Json run = report_of(
        {.argv = "\"qemu-aarch64-static\", \"-L\", \"${arm64_root}\", \"-E\", \"" + client("aarch64") +
                 "\", " + program("kvm_asks-aarch64", ""),
         .limits = "memory = \"16GiB\"",
         .rest = fake("kvm-arm64") + "[[fault]]\nname = \"f\"\nprocess = \"p\"\nsyscall = \"ioctl\"\n"
                                     "where = { request = \"KVM_CREATE_VM\" }\nerrno = \"ENOMEM\"\n",
         .expect = "outcome = \"exited\"\nexit = 1\nstderr = [\"Cannot allocate memory\"]"});
    CHECK(run["mismatches"] == Json::array());
    CHECK(run["faults"][0]["fired"] == 1);
}

std::string guest_point(const std::string& name, const std::string& process, const std::string& function) {
    return "[point." + name + "]\nprocess = \"" + process + "\"\nenter = \"guest:libc.so.6!" + function +
           "\"\n";
}

// What holds make of the order in which a thread and main say something.
const std::string points_in_libc =
    guest_point("main_there", "p", "getuid") + guest_point("thread_there", "p", "getgid") +
    guest_point("many_arguments", "p", "snprintf") + guest_point("a_double", "p", "ldexp") +
    guest_point("forks", "p", "fork") + guest_point("in_child", "p/1", "getuid") +
    "[[hold]]\nat = \"main_there\"\nuntil = \"thread_there\"\n";

TEST_CASE("a thread of a guest is held where it calls a function, which gets all that it was given") {
    if (must_skip() || !can_run_arm64()) return;
    for (const std::string options : {"", "\"-B\", \"0x100000000\", "}) {
        const Json run = report_of(
            {.argv = "\"qemu-aarch64-static\", " + options + "\"-L\", \"${arm64_root}\", \"-E\", \"" +
                     client("aarch64") + "\", " + program("guest_calls-aarch64", ""),
             .limits = "memory = \"16GiB\"",
             .rest = points_in_libc,
             .expect = "outcome = \"exited\"\nexit = 0\nstdout = [\"thread\\nmain\\nall right\"]"});
        INFO(run["streams"] << run["notes"]);
        CHECK(run["mismatches"] == Json::array());
        for (const Json& point : run["points"]) {
            INFO(point);
            CHECK(point["reached_ms"].is_number());
        }
    }
}

TEST_CASE("without the client in the guest its points are not reached, and the report says why") {
    if (must_skip() || !can_run_arm64()) return;
    const Json run = report_of(
        {.argv = "\"qemu-aarch64-static\", \"-L\", \"${arm64_root}\", " + program("guest_calls-aarch64", ""),
         .limits = "memory = \"16GiB\"",
         .rest = points_in_libc,
         .expect = "outcome = \"unmet\""});
    CHECK(run["outcome"] == "unmet");
    CHECK(has_note(run, "no program of p has loaded the preload client"));
}

TEST_CASE(
    "a real arm64 QEMU on a fake KVM: each scenario and its control come out as expected, the same both "
    "times") {
    if (must_skip() || !can_run_arm64()) return;
    const Finished result =
        rehang(with_files({"run", "--repeat", "2", "--json", "-"}, scenarios_with("\"root:arm64\"")));
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    std::map<std::string, std::set<std::string>> signatures;
    const Json report = Json::parse(result.out);
    for (const Json& run : report["runs"]) {
        const std::string what = run["scenario"].get<std::string>() + run["role"].get<std::string>();
        INFO(what << run["params"] << " #" << run["repeat"]);
        CHECK(run["as_expected"] == true);
        CHECK(run["fakes"].size() == 1);
        signatures[what + run["params"].dump()].insert(run["signature"].get<std::string>());
    }
    CHECK(signatures.size() >= 9);
    for (const auto& [what, seen] : signatures) {
        INFO(what);
        CHECK(seen.size() == 1);
    }
}

TEST_CASE("without the arm64 root its scenarios are in order, and unsupported with what makes it") {
    if (must_skip()) return;
    const std::string scenario = REHANG_SCENARIOS "/kvm/pmu-irq-einval.toml";
    const Folder empty;
    const Finished result =
        run_program("/usr/bin/env", {"XDG_CACHE_HOME=" + empty.path(), REHANG_PROGRAM, "run", scenario});
    CHECK(result.status == 125);
    CHECK_THAT(result.out, Contains("unsupported") && Contains("the files of an arm64 system") &&
                               Contains("make them, without being root: tools/arm64-root"));
}

}  // namespace
}  // namespace rehang::e2e
