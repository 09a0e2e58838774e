// System call faults as users see them: what comes out of the program, and what the report says.
#include <nlohmann/json.hpp>

#include <filesystem>
#include <set>

#include "catch.h"
#include "command.h"
#include "normal_form.h"
#include "one_run.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string catalogue = REHANG_SCENARIOS;

std::string out_of(const Json& run) {
    return run["streams"][0]["stdout"];
}

// A fault of process p, with what else it says.
std::string fault(const std::string& more, const std::string& name = "f", const std::string& process = "p") {
    return fmt::format("[[fault]]\nname = \"{}\"\nprocess = \"{}\"\n{}\n", name, process, more);
}

const std::string every_second = "syscall = \"getppid\"\nevery = 2\nerrno = \"EPERM\"";

Finished run_text(const ScenarioText& it, const std::vector<std::string>& flags = {}) {
    const Folder folder;
    std::vector<std::string> words = {"run", folder.file("x.toml", text_of(it))};
    words.insert(words.end(), flags.begin(), flags.end());
    return rehang(words);
}

TEST_CASE("the report's faults, word for word") {
    if (must_skip()) return;
    const Finished result = rehang({"run", catalogue + "/faults/dd-runs-out-of-space.toml"});
    REQUIRE(result.status == 0);
    CHECK_THAT(
        normal_form(result.out),
        Contains("\nFaults\n  disk-full  write: fails with ENOSPC  fired at 1 of 3 calls, first in copy "
                 "main\n\nnext:"));
}

TEST_CASE(
    "a fault in JSON: what it does, how many calls fitted, at how many it fired, and whose was the first") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("faulty", "calls"), .rest = fault(every_second)});
    CHECK(out_of(run) == "2 of 3 failed\n");
    CHECK(run["faults"] == Json::parse(R"([{"name": "f", "does": "getppid: fails with EPERM", "matched": 3,
                                            "fired": 2, "first_by": "p main"}])"));
    CHECK(run["seed"].is_null());
}

TEST_CASE("a fault that never fires is not as expected, unless it is optional") {
    if (must_skip()) return;
    const std::string never = "syscall = \"acct\"\nerrno = \"EPERM\"\n";
    const Finished missed = run_text({.rest = fault(never)});
    CHECK(missed.status == 1);
    CHECK_THAT(missed.out, Contains("the fault f never fired: no call fitted it"));
    CHECK_THAT(missed.out, Contains("f  acct: fails with EPERM  never fired: no call fitted"));
    const Finished late =
        run_text({.argv = shell("echo once"), .rest = fault("syscall = \"write\"\nnth = 9\nlog = true")});
    CHECK(late.status == 1);
    CHECK_THAT(late.out, Contains("the fault f never fired: 1 call fitted it, none was the one"));
    CHECK(run_text({.rest = fault(never + "optional = true")}).status == 0);
}

// What the two threads of each run saw.
std::set<std::string> decided(const std::string& seed) {
    const Folder folder;
    std::filesystem::copy_file(REHANG_TEST_PROGRAMS "/faulty", folder.path() + "/faulty");
    const std::string file = folder.file(
        "x.toml", text_of({.argv = program("faulty", "threads"),
                           .rest = fault("syscall = \"getppid\"\nprobability = 0.5\ncount = \"thread\"\n"
                                         "errno = \"EPERM\"")}));
    const Finished result = rehang({"run", file, "--repeat", "5", "--seed", seed, "--json", "-"});
    INFO(result.err);
    CHECK(result.status == 0);
    std::set<std::string> outputs;
    const Json document = Json::parse(result.out);
    for (const Json& run : document["runs"]) {
        CHECK(run["seed"] == std::stoul(seed));
        outputs.insert(out_of(run));
    }
    return outputs;
}

TEST_CASE("the same seed decides the same for each of two threads in every run, another one something else") {
    if (must_skip()) return;
    const auto first = decided("1"), second = decided("2");
    REQUIRE(first.size() == 1);
    CHECK(second.size() == 1);
    CHECK(first != second);
    CHECK_THAT(*first.begin(), Contains("-") && Contains("+"));
}

TEST_CASE("a control goes without the fault that it drops") {
    if (must_skip()) return;
    const Finished result = run_text(
        {.argv = shell("mkdir /tmp/d"),
         .rest = fault("syscall = [\"mkdir\", \"mkdirat\"]\nerrno = \"EDQUOT\""),
         .expect =
             "outcome = \"exited\"\nexit = 1\n[control]\ndrop = [\"f\"]\noutcome = \"exited\"\nexit = 0"});
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("(control)  exited with 0"));
}

TEST_CASE("after main, the loader has opened its libraries") {
    if (must_skip()) return;
    const std::string opens = "syscall = [\"open\", \"openat\"]\nerrno = \"ENOENT\"\n";
    const std::string argv = "\"/bin/cat\", \"/etc/passwd\"";
    const Json whole = report_of({.argv = argv, .rest = fault(opens)});
    CHECK(whole["exit"] == 127);  // ld.so: a library is missing
    const Json after = report_of({.argv = argv, .rest = fault(opens + "after = \"main\"")});
    CHECK(after["exit"] == 1);  // cat: the file is missing
    CHECK_THAT(after["streams"][0]["stderr"].get<std::string>(), Contains("/etc/passwd: No such file"));
}

TEST_CASE("static programs, and those of other C libraries, have the same faults") {
    if (must_skip()) return;
    for (const std::string name : {"faulty_static", "faulty_musl", "faulty_musl_static"}) {
        INFO(name);
        if (!was_built(name)) continue;
        const Json run =
            report_of({.argv = program(name, "calls"), .rest = fault(every_second + "\nafter = \"main\"")});
        CHECK(out_of(run) == "2 of 3 failed\n");
        CHECK(run["faults"][0]["fired"] == 2);
    }
}

TEST_CASE("a fault follows through forks, a new session and an execve; or stays at one place") {
    if (must_skip()) return;
    const Json all = report_of({.argv = program("faulty", "daemon"), .rest = fault(every_second)});
    CHECK(out_of(all) == "2 of 3 failed\n");
    CHECK(all["faults"][0]["first_by"] == "p/1/1 main");
    const Json one =
        report_of({.argv = program("faulty", "daemon"), .rest = fault(every_second, "f", "p/1/1@exec1")});
    CHECK(out_of(one) == "2 of 3 failed\n");
    const Json none = report_of({.argv = program("faulty", "daemon"),
                                 .rest = fault(every_second + "\nbelow = false\noptional = true")});
    CHECK(out_of(none) == "0 of 3 failed\n");
}

TEST_CASE("a fault that fires is a point, and can end a hold") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("faulty", "threads"), .rest = R"(
[point.fails]
process = "p"
thread = "main"
fault = "f"
[point.other_calls]
process = "p"
thread = "!main"
enter = "syscall:getppid"
[[hold]]
at = "other_calls"
until = "fails"
limit = "30s"
)" + fault("syscall = \"getppid\"\nthread = \"main\"\nnth = 60\nerrno = \"EPERM\"")});
    CHECK(run["outcome"] == "exited");
    CHECK(out_of(run) == std::string(59, '+') + "- " + std::string(60, '+') + "\n");
    for (const Json& point : run["points"]) CHECK_FALSE(point["reached_ms"].is_null());
}

TEST_CASE("a 64-bit program's 32-bit call of the same name meets the fault") {
    if (must_skip()) return;
    if (run_program(REHANG_TEST_PROGRAMS "/int80", {"supported"}).status != 0) return;
    const Json run = report_of(
        {.argv = program("faulty", "i386"), .rest = fault("syscall = \"getppid\"\nerrno = \"EXDEV\"")});
    CHECK(out_of(run) == "-18\n");
}

TEST_CASE("a call whose process a fault kills is not made") {
    if (must_skip()) return;
    const Finished result =
        run_text({.argv = shell("mkdir /tmp/d; echo $?; ls -A /tmp"),
                  .rest = fault("syscall = [\"mkdir\", \"mkdirat\"]\nkill = true", "f", "p/1"),
                  .expect = "outcome = \"exited\"\nexit = 0\nstdout = [\"137\"]"},
                 {"--repeat", "10", "--json", "-"});
    CHECK(result.status == 0);
    const Json document = Json::parse(result.out);
    for (const Json& run : document["runs"]) CHECK(out_of(run) == "137\n");
}

TEST_CASE("a wake-up that a fault swallowed explains who sleeps for ever") {
    if (must_skip()) return;
    const Finished result = rehang({"run", catalogue + "/faults/swallowed-wake.toml"});
    REQUIRE(result.status == 0);
    CHECK_THAT(unwrapped(result.out),
               Contains("The futex call by which shop main wanted to wake it was answered by the fault "
                        "swallowed, and has woken nobody."));
}

TEST_CASE("pointers and descriptors to nowhere fit no condition, and harm nobody") {
    if (must_skip()) return;
    const Json run = report_of(
        {.argv = program("faulty", "wild"),
         .rest = fault("syscall = [\"open\", \"openat\"]\nwhere = { path = \"/nowhere*\" }\n"
                       "errno = \"EIO\"\noptional = true",
                       "path") +
                 fault("syscall = \"write\"\nwhere = { begins = \"zz\" }\nerrno = \"EIO\"\n"
                       "optional = true",
                       "begins") +
                 fault("syscall = \"getrandom\"\ndata = { buf = \"12345678\" }\nafter = \"main\"", "data")});
    CHECK(run["exit"] == 0);
    CHECK(out_of(run) == "all refused\n");
    CHECK(run["faults"][0]["matched"] == 0);
    CHECK(run["faults"][1]["matched"] == 0);
}

TEST_CASE("a target that closes all its descriptors does not lose its faults") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("faulty", "closed"), .rest = fault(every_second)});
    CHECK(out_of(run) == "2 of 3 failed\n");
}

TEST_CASE("callers that are killed while they wait for an answer leave the others their answers") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("faulty", "kill"), .rest = fault(every_second)});
    CHECK(run["outcome"] == "exited");
    CHECK(out_of(run) == "all killed\n");
}

TEST_CASE("thousands of calls are all counted") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("faulty", "many"), .rest = fault(every_second)});
    CHECK(out_of(run) == "1500 of 3000 failed\n");
    CHECK(run["faults"][0]["matched"] == 3000);
}

TEST_CASE("a call whose process is killed while a fault delays it has fired, and the run goes on") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("faulty", "kill-child"), .rest = R"(
[point.delayed]
process = "p/1"
fault = "f"
[point.kills]
process = "p"
enter = "syscall:kill"
[[hold]]
at = "kills"
until = "delayed"
limit = "30s"
)" + fault("syscall = \"getppid\"\ndelay = \"30s\"", "f", "p/1")});
    CHECK(run["outcome"] == "exited");
    CHECK(out_of(run) == "killed\n");
    CHECK(run["faults"][0]["fired"] == 1);
    CHECK(run["faults"][0]["first_by"] == "p/1 main");
}

TEST_CASE("a fork bomb whose forks a fault sees is ended at its limit") {
    if (must_skip()) return;
    const Json run = report_of({.argv = shell("b() { b | b & }; b; sleep 100"),
                                .limits = "pids = 40",
                                .rest = fault("syscall = [\"clone\", \"clone3\"]\nevery = 7\n"
                                              "errno = \"EAGAIN\"\noptional = true"),
                                .expect = "outcome = \"timeout\""});
    CHECK(run["outcome"] == "timeout");
    CHECK(has_note(run, "more than 40 processes and threads"));
}

TEST_CASE("a program whose writes all fail does not disturb the runner's own pipes") {
    if (must_skip()) return;
    const Json run =
        report_of({.argv = shell("/bin/echo hello; echo status $?"),
                   .rest = fault("syscall = \"write\"\nwhere = { fd = 1 }\nerrno = \"EPIPE\"", "f", "p/1")});
    CHECK(out_of(run) == "status 1\n");
    CHECK_THAT(run["streams"][0]["stderr"].get<std::string>(), Contains("Broken pipe"));
}

TEST_CASE("mistakes in faults, each at its place") {
    const Folder folder;
    const std::string file = folder.file(
        "x.toml",
        text_of({.rest = fault("syscall = \"raed\"\nerrno = \"EIO\"", "a") +
                         fault("syscall = \"read\"\nerrno = \"EOI\"", "b") +
                         fault("syscall = \"read\"", "c") +
                         fault("syscall = \"read\"\nnth = 1\nevery = 2\nerrno = \"EIO\"", "d") +
                         fault("syscall = \"mmap\"\nwhere = { length = 1 }\nerrno = \"EIO\"", "e")}));
    const Finished result = rehang({"check", file});
    CHECK(result.status == 2);
    std::string err = result.err;
    for (size_t at = 0; (at = err.find(file)) != std::string::npos;) err.replace(at, file.size(), "x.toml");
    CHECK(err == R"(x.toml:11:11: error: unknown system call "raed"; did you mean "read"?
x.toml:17:9: error: unknown errno "EOI"; did you mean "EIO"?
x.toml:18:1: error: this fault does nothing
    give it errno, return, data, data_before, data_after, instead, limit_bytes, delay, delay_after, signal, kill, hold, or log = true to count the calls
x.toml:27:1: error: "every" contradicts "nth" (line 26), which is one call only
x.toml:33:11: error: "length" is no argument of mmap
    its arguments are addr, len, prot, flags, fd, off; arg0 to arg5 work too
)");
}

}  // namespace
}  // namespace rehang::e2e
