// Fakes as programs see them: whatever way their descriptors go, by whatever way they call, and however they
// end. And as the report tells of them.
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "host/host.h"
#include "one_run.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string fake = "[[fake]]\ndevice = \"/dev/kvm\"\nmodel = \"kvm-x86\"\n";

// The same program: its system calls as it makes them itself, dynamic and static, and its ioctls by way of
// the client that programs under qemu-user have.
const std::vector<std::string> programs = {"fake_user", "fake_user_static", "fake_user_preload"};

Json run_of(const std::string& name, const std::string& mode, const std::string& more = {},
            const std::string& expect = "outcome = \"exited\"\nexit = 0") {
    const bool by_client = name == "fake_user_preload";
    std::string rest = by_client ? "preload = [\"${targets}/fake_client-x86_64.so\"]\n" : "";
    rest += fake + more;
    const Json run = report_of({.argv = program(name, mode), .rest = rest, .expect = expect});
    INFO(name << " " << mode << "\n" << run.dump(2));
    CHECK(run["as_expected"] == true);
    return run;
}

std::string out_of(const Json& run) {
    return run["streams"][0]["stdout"];
}

TEST_CASE("descriptors of a fake are what they are after dup, fork, execve and SCM_RIGHTS") {
    if (must_skip()) return;
    for (const std::string& each : programs) {
        CHECK(out_of(run_of(each, "descriptors")) ==
              "open: 12 no error\nclosed: -1 EBADF\ndup: 12 no error\nfork: 12 no error\n"
              "executed: 12 no error\n");
        CHECK(out_of(run_of(each, "socket")) == "received: 12 no error\n");
    }
}

TEST_CASE("a fake is found by any path that leads to it without a link, and has the status of a device") {
    if (must_skip()) return;
    CHECK(
        out_of(run_of("fake_user", "paths")) ==
        "relative: 12 no error\ndots: 12 no error\nin a folder: 12 no error\nfolder: ENOTDIR\nnew: EEXIST\n");
    const std::string status =
        "stat: character device 1, 10:232\nfstat: character device 1\nstatx: character device 1\n"
        "access: no error, to execute: EACCES\nnowhere: EFAULT\n";
    CHECK(out_of(run_of("fake_user", "status")) == status);
    CHECK(out_of(run_of("fake_user_static", "status")) == status);
}

TEST_CASE("pointers that lead nowhere are EFAULT, and the runner goes on") {
    if (must_skip()) return;
    // At the end of a page the first member is there, and says that there is room for no entries.
    for (const std::string& each : programs)
        CHECK(out_of(run_of(each, "wild")) ==
              "EFAULT EFAULT\nEFAULT EFAULT\nE2BIG EFAULT\nEFAULT EFAULT\nEFAULT EFAULT\n");
}

TEST_CASE("a vCPU waits for signals, and none is lost") {
    if (must_skip()) return;
    for (const std::string& each : programs)
        CHECK(out_of(run_of(each, "signal")) == "interrupted each time\nat once: EINTR\n");
}

TEST_CASE("a vCPU that nobody will ever interrupt is a proven hang") {
    if (must_skip()) return;
    for (const std::string& each : programs) {
        const Json run = run_of(each, "for-ever", "", "outcome = \"hung\"");
        CHECK(run["proven"] == true);
        CHECK(run["processes"][0]["threads"][0]["waits_for"]["sentence"] ==
              "waits for a signal, in KVM_RUN of the fake /dev/kvm");
    }
}

TEST_CASE("no signal makes a call on a fake fail, and whoever is killed in one is gone") {
    if (must_skip()) return;
    for (const std::string& each : programs) {
        CHECK(out_of(run_of(each, "timer")) == "0 failed\n");
        CHECK(out_of(run_of(each, "killed")) == "all killed\n");
    }
}

TEST_CASE("what is closed is gone: a program can make more virtual machines than there could be at once") {
    if (must_skip()) return;
    CHECK(out_of(run_of("fake_user", "many")) == "all there\n");
}

TEST_CASE("where no descriptor is left, the caller is told so") {
    if (must_skip()) return;
    for (const std::string& each : programs) CHECK(out_of(run_of(each, "full")) == "EMFILE\nEMFILE\n");
}

TEST_CASE("calls by the convention of 32-bit programs reach a fake") {
    if (must_skip()) return;
    CHECK(out_of(run_of("fake_user", "int80")) == "int80: 12\n");
}

TEST_CASE("requests that the model does not have fail with ENOTTY and are listed") {
    if (must_skip()) return;
    for (const std::string& each : programs) {
        const Json run = run_of(each, "unknown");
        CHECK(out_of(run) == "ENOTTY\nENOTTY\nENOTTY\n");
        CHECK(run["fakes"] ==
              Json::parse(
                  R"([{"name": "/dev/kvm", "device": "/dev/kvm", "model": "kvm-x86", "opened": 1, "calls": 0,
                               "unknown": [{"request": null, "number": 44799, "size": 0, "times": 2, "by": "p main"},
                                           {"request": "TIOCGWINSZ", "number": 21523, "size": 0, "times": 1,
                                            "by": "p main"}]}])"));
    }
}

TEST_CASE("a strict fake makes unknown requests a failed run") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("fake_user", "unknown"), .rest = fake + "strict = true\n"});
    CHECK(run["as_expected"] == false);
    CHECK(run["mismatches"][0] ==
          "the fake /dev/kvm is strict, and its model kvm-x86 has no 0xaeff, which p main asked for");
}

std::string fault(const std::string& more) {
    return "[[fault]]\nname = \"f\"\nprocess = \"p\"\n" + more + "\n";
}

TEST_CASE("faults come before the fake, whatever they do and by whichever way the call comes") {
    if (must_skip()) return;
    const std::string all_well =
        "open: 12 no error\nclosed: -1 EBADF\ndup: 12 no error\nfork: 12 no error\nexecuted: 12 no error\n";
    for (const std::string& each : programs) {
        const Json failing = run_of(
            each, "descriptors",
            fault(
                "syscall = \"ioctl\"\ndevice = \"/dev/kvm\"\nwhere = { request = \"KVM_GET_API_VERSION\" }\n"
                "nth = 2\nerrno = \"EIO\""));
        CHECK_THAT(out_of(failing), Contains("dup: -1 EIO\n"));
        CHECK(failing["faults"][0]["matched"] == 4);  // not the one on a closed descriptor
        // The call stops, and goes on to the fake when its time has come; what it has opened comes back.
        for (const std::string request : {"KVM_GET_API_VERSION", "KVM_CREATE_VM"}) {
            const Json late = run_of(each, "descriptors",
                                     fault("syscall = \"ioctl\"\nwhere = { request = \"" + request +
                                           "\" }\ndelay = \"5ms\"\ndelay_after = \"1ms\""));
            CHECK(out_of(late) == all_well);
            CHECK(late["faults"][0]["fired"].get<int>() > 0);
        }
        CHECK(out_of(run_of(each, "descriptors",
                            fault("syscall = \"openat\"\ndevice = \"/dev/kvm\"\ndelay = \"5ms\""))) ==
              all_well);
        CHECK(out_of(run_of(each, "descriptors",
                            fault("syscall = \"ioctl\"\nwhere = { fd = \"/dev/kvm\" }\nlog = true"))) ==
              all_well);
        CHECK_THAT(out_of(run_of(each, "descriptors",
                                 fault("syscall = \"openat\"\ndevice = \"/dev/kvm\"\nerrno = \"EPERM\""),
                                 "outcome = \"exited\"\nexit = 1")),
                   Contains("open: EPERM"));
    }
}

TEST_CASE("points at the calls of a fake are reached") {
    if (must_skip()) return;
    for (const std::string& each : programs) {
        const Json run = run_of(each, "descriptors",
                                "[point.enters]\nprocess = \"p/1\"\nenter = \"syscall:ioctl\"\n"
                                "where = { request = \"KVM_CREATE_VM\" }\n"
                                "[point.leaves]\nprocess = \"p/1\"\nleave = \"syscall:ioctl\"\n"
                                "where = { request = \"KVM_CREATE_VM\" }\n");
        for (const Json& point : run["points"]) CHECK(point["by"] == "p/1 main");
    }
}

TEST_CASE("a process that the fake is not for has the host's device, or none") {
    if (must_skip()) return;
    const std::string argv = shell("test -c /dev/kvm && echo parent; (test -c /dev/kvm && echo child); true");
    const Json run = report_of({.argv = argv, .rest = fake + "process = \"p/1\"\n"});
    const std::string out = out_of(run);
    CHECK_THAT(out, Contains("child"));
    CHECK(out.contains("parent") == std::filesystem::exists("/dev/kvm"));
}

TEST_CASE("settings of a model") {
    if (must_skip()) return;
    CHECK(out_of(run_of("fake_user", "for-ever", "with = { open = \"EACCES\" }\n",
                        "outcome = \"exited\"\nexit = 1")) == "open: EACCES\n");
    CHECK(out_of(run_of("fake_user", "for-ever", "with = { create_vm = \"EBUSY\" }\n",
                        "outcome = \"exited\"\nexit = 1")) == "KVM_CREATE_VM: EBUSY\n");
}

TEST_CASE("the timeline has every call of a fake") {
    if (must_skip()) return;
    const Folder folder;
    std::filesystem::copy_file(REHANG_TEST_PROGRAMS "/fake_user", folder.path() + "/fake_user");
    const std::string file =
        folder.file("x.toml", text_of({.argv = program("fake_user", "descriptors"), .rest = fake}));
    const Finished result = rehang({"run", file, "--verbose"});
    CHECK_THAT(result.out, Contains("open on /dev/kvm = 3\n") &&
                               Contains("KVM_GET_API_VERSION on kvm = 12\n") &&
                               Contains("KVM_CREATE_VM on kvm, type=0x0 = "));
}

// What is left alive is not answered any more.
TEST_CASE("a program that goes on without the runner gets errors from its fake, and does not wait for it") {
    if (must_skip()) return;
    const Folder folder;
    std::filesystem::copy_file(REHANG_TEST_PROGRAMS "/fake_user", folder.path() + "/fake_user");
    const std::string file = folder.file("x.toml", text_of({.argv = program("fake_user", "until-it-fails"),
                                                            .scenario = "timeout = \"300ms\"\n",
                                                            .rest = fake,
                                                            .expect = "outcome = \"timeout\""}));
    const std::string report = folder.path() + "/report.json";
    const Finished result = rehang({"run", file, "--keep", "--json", report}, folder.path());
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
    const Json run = Json::parse(read_file_or_empty(report))["runs"][0];
    const int pid = run["processes"][0]["host_pid"];
    const std::string folder_of_process = "/proc/" + std::to_string(pid);
    std::string status;
    do status = read_file_or_empty(folder_of_process + "/status");
    while (status.contains("State:\tR"));
    ::kill(pid, SIGCONT);
    while (std::filesystem::exists(folder_of_process)) ::sched_yield();  // or the test's limit comes
}

// Scenarios with the host's QEMU.

bool has_qemu() {
    if (const auto qemu = check_need("program:qemu-system-x86_64"); !qemu) {
        if (std::getenv("REHANG_MUST_RUN")) FAIL(qemu.error().what << "; " << qemu.error().hint);
        WARN("skipped: " << qemu.error().what);
        return false;
    }
    return true;
}

std::vector<std::string> fake_scenarios() {
    std::vector<std::string> files;
    for (const auto& file : std::filesystem::directory_iterator(REHANG_SCENARIOS "/kvm"))
        if (file.path().stem().string().ends_with("-fake")) files.push_back(file.path());
    return files;
}

TEST_CASE("QEMU on a fake KVM, on a machine without one: as expected, the same both times, nothing unknown") {
    if (must_skip() || !has_qemu()) return;
    std::vector<std::string> words = {"run", "--repeat", "2", "--json", "-"};
    const auto files = fake_scenarios();
    words.insert(words.end(), files.begin(), files.end());
    const Finished result = rehang_without({"no-devices"}, words);
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    const Json report = Json::parse(result.out);
    CHECK(report["runs"].size() >= 2 * 2 * 7);
    std::map<std::string, std::string> signatures;
    for (const Json& run : report["runs"]) {
        INFO(run["scenario"] << " " << run["role"] << " #" << run["repeat"]);
        CHECK(run["as_expected"] == true);
        CHECK(run["fakes"][0]["unknown"].empty());
        CHECK(run["notes"].empty());
        const std::string name =
            fmt::format("{} {}", run["scenario"].get<std::string>(), run["role"].get<std::string>());
        const auto [first, is_new] = signatures.emplace(name, run["signature"]);
        CHECK(first->second == run["signature"]);
    }
}

TEST_CASE("without a listener, scenarios with fakes are unsupported, with the reason") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("x.toml", text_of({.rest = fake}));
    const Finished result = rehang_without({"no-pidfd-getfd"}, {"run", file});
    INFO(result.out << result.err);
    CHECK(result.status == 125);
    CHECK_THAT(result.out, Contains("can't run scenarios with fakes: seccomp user notification"));
}

}  // namespace
}  // namespace rehang::e2e
