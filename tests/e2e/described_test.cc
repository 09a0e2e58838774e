// Devices described in TOML, and their recording: `record-ioctl` on real devices that exist everywhere, and a
// scenario in which the recording answers instead.
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "host/host.h"
#include "one_run.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;

// Says what it got, so that two runs can be compared. The second ptmx has a number of its own.
constexpr auto uses_ptmx = R"(import os, fcntl, array, struct
fd = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
for request, size in ((0x80045430, 4), (0x5401, 60), (0x5413, 8), (0x80045439, 4), (0x541b, 4), (0x5413, 8)):
    buffer = array.array("B", [0xee] * size)
    print(hex(request), fcntl.ioctl(fd, request, buffer, True), buffer.tobytes().hex())
    if request == 0x5413: fcntl.ioctl(fd, 0x5414, struct.pack("4H", 24, 80, 0, 0))
try: fcntl.ioctl(fd, 0x1234)
except OSError as error: print(error.errno)
)";

constexpr auto uses_urandom = R"(import os, fcntl, array
fd = os.open("/dev/urandom", os.O_RDONLY)
for request in (0x80045200, 0x5413, 0x5207):
    buffer = array.array("i", [0])
    try: print(fcntl.ioctl(fd, request, buffer, True), buffer.tolist())
    except OSError as error: print(error.errno)
)";

bool no_python() {
    if (must_skip()) return true;
    const auto there = check_need("program:python3");
    if (there) return false;
    if (std::getenv("REHANG_MUST_RUN")) FAIL(there.error().what);
    WARN("skipped: " << there.error().what);
    return true;
}

std::string fake_of(const std::string& device, const std::string& answers) {
    return "[[fake]]\ndevice = '" + device + "'\n" + answers + "\n";
}

TEST_CASE("what was recorded of a real device answers the same") {
    if (no_python()) return;
    const auto [device, uses] =
        GENERATE(std::pair("/dev/ptmx", uses_ptmx), std::pair("/dev/urandom", uses_urandom));
    const Folder folder;
    const std::string file = folder.file("device.toml", "");
    const Finished real = rehang({"record-ioctl", device, "-o", file, "--", "/usr/bin/python3", "-c", uses});
    REQUIRE(real.status == 0);
    CHECK_THAT(real.err, Contains("recorded in " + file) && Contains("next: "));
    REQUIRE(real.out.size() > 10);
    const std::string scenario =
        text_of({.argv = "'/usr/bin/python3', '-c', '''" + std::string(uses) + "'''",
                 .rest = fake_of(device, "file = 'device.toml'\nstrict = true"),
                 .expect = "outcome = \"exited\"\nexit = 0\nstdout = ['''\n" + real.out + "''']"});
    const Finished replayed = rehang({"run", folder.file("x.toml", scenario)});
    INFO(read_file_or_empty(file) << "\n" << replayed.out << replayed.err);
    CHECK(replayed.status == 0);
}

TEST_CASE("record-ioctl: says what went wrong, and keeps what it has") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.path() + "/d.toml";
    const Finished no_device = rehang({"record-ioctl", "/dev/no-such-device", "-o", file, "--", "/bin/true"});
    CHECK(no_device.status == 2);
    CHECK_THAT(no_device.err, Contains("can't look at /dev/no-such-device") && Contains("such as /dev/ptmx"));
    CHECK_FALSE(std::filesystem::exists(file));
    const Finished no_ioctl = rehang({"record-ioctl", "/dev/null", "-o", file, "--", "/bin/true"});
    CHECK(no_ioctl.status == 1);
    CHECK_THAT(no_ioctl.err, Contains("the command made no ioctl on /dev/null"));
    const Finished no_program = rehang({"record-ioctl", "/dev/null", "-o", file, "--", "/no/such/program"});
    CHECK(no_program.status == 3);
    CHECK_THAT(no_program.err, Contains("can't execute /no/such/program"));
    CHECK(rehang({"record-ioctl", "/etc", "-o", file, "--", "/bin/true"}).status == 2);
    CHECK(rehang({"record-ioctl", "/dev/null"}).status == 2);
}

TEST_CASE("record-ioctl: SIGTERM ends the command, and the file is written") {
    if (no_python()) return;
    const Folder folder;
    const std::string file = folder.path() + "/d.toml";
    Running recorder({"record-ioctl", "/dev/urandom", "-o", file, "--", "/usr/bin/python3", "-uc",
                      "import fcntl, time, array\n"
                      "fcntl.ioctl(open('/dev/urandom'), 0x80045200, array.array('i', [0]))\n"
                      "print('made'); time.sleep(3600)"});
    CHECK_THAT(recorder.read_line(), Contains("made"));
    recorder.send(SIGTERM);
    const Finished result = recorder.wait();
    CHECK(result.status == 0);
    CHECK_THAT(result.err, Contains("on /dev/urandom recorded"));
    CHECK_THAT(read_file_or_empty(file), Contains("request = \"RNDGETENTCNT\""));
}

TEST_CASE("a device described in the scenario: answers in order, by state, late, and files of its own") {
    if (no_python()) return;
    constexpr auto uses = R"(import os, fcntl, array, time
fd = os.open("/dev/gadget", os.O_RDWR)
def ask(fd, request, argument = 0):
    try: return fcntl.ioctl(fd, request, argument)
    except OSError as error: return -error.errno
print(ask(fd, 1), ask(fd, 1), ask(fd, 1), ask(fd, 2), ask(fd, 3), ask(fd, 2))
start = time.monotonic()
print(ask(fd, 4), time.monotonic() - start >= 0.05)
part = ask(fd, 5)
print(part > 2, ask(part, 6), ask(fd, 6))
)";
    constexpr auto answers = R"(state = "idle"
[[fake.ioctl]]
request = 1
answers = [{ result = 10 }, { errno = "EAGAIN" }]
[[fake.ioctl]]
request = 2
state = "idle"
result = 20
[[fake.ioctl]]
request = 2
state = "busy"
errno = "EBUSY"
[[fake.ioctl]]
request = 3
then = "busy"
[[fake.ioctl]]
request = 4
delay = "50ms"
result = 40
[[fake.ioctl]]
request = 5
opens = "part"
[[fake.ioctl]]
request = 6
on = "part"
result = 60
)";
    const Folder folder;
    const std::string scenario =
        text_of({.argv = "'/usr/bin/python3', '-c', '''" + std::string(uses) + "'''",
                 .rest = fake_of("/dev/gadget", answers),
                 .expect = "outcome = \"exited\"\nexit = 0\n"
                           "stdout = [\"10 -11 -11 20 0 -16\", \"40 True\", \"True 60 -25\"]"});
    const Finished result = rehang({"run", folder.file("x.toml", scenario)});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    // The one request that it does not have is told.
    CHECK_THAT(result.out, Contains("the model has no 0x6"));
}

TEST_CASE("a device may be late with as many requests as a file can describe") {
    if (no_python()) return;
    std::string answers;
    for (int request = 1; request <= 250; ++request)
        answers += "[[fake.ioctl]]\nrequest = " + std::to_string(request) +
                   "\nresult = " + std::to_string(request) + "\ndelay = '1ms'\n";
    constexpr auto uses = R"(import os, fcntl
fd = os.open("/dev/gadget", os.O_RDWR)
print([fcntl.ioctl(fd, request) for request in (1, 100, 250)])
)";
    const Folder folder;
    const std::string scenario =
        text_of({.argv = "'/usr/bin/python3', '-c', '''" + std::string(uses) + "'''",
                 .rest = fake_of("/dev/gadget", answers),
                 .expect = "outcome = \"exited\"\nexit = 0\nstdout = [\"[1, 100, 250]\"]"});
    const Finished result = rehang({"run", folder.file("x.toml", scenario)});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
}

TEST_CASE("the scenarios with described devices come out as expected, the same both times") {
    if (must_skip()) return;
    for (const std::string name : {"rtc-battery-empty", "kvm-recorded"}) {
        const Finished result = rehang({"run", REHANG_SCENARIOS "/fakes/" + name + ".toml", "--repeat", "2"});
        INFO(name << "\n" << result.out << result.err);
        constexpr int unsupported = 125;
        if (result.status == unsupported && !std::getenv("REHANG_MUST_RUN"))
            WARN("skipped: " << result.out);
        else
            CHECK(result.status == 0);
        CHECK((result.status != 0 || result.out.contains("2 of 2 as expected, identical")));
    }
}

TEST_CASE("a folder's device files are no scenarios") {
    const Folder folder;
    folder.file("x.toml", text_of({}));
    folder.file("y.device.toml", "format = 1\nopen = 'EIO'\n");
    CHECK(rehang({"check", folder.path()}).status == 0);
}

TEST_CASE("check: mistakes of a device file are told at their places in it") {
    const Folder folder;
    folder.file("d.toml", "format = 1\n[[ioctl]]\nrequest = 'RTC_RD_TIME'\nstruct = { tm_sec = 's32' }\n");
    const auto scenario = [&](const std::string& name, const std::string& answers) {
        return folder.file(name, text_of({.rest = fake_of("/dev/rtc0", answers)}));
    };
    const Finished sizes = rehang({"check", scenario("a.toml", "file = 'd.toml'")});
    CHECK(sizes.status == 2);
    CHECK_THAT(sizes.err, Contains("d.toml:4:1: error: this struct has 4 bytes, but the request's number"));
    const Finished missing = rehang({"check", scenario("b.toml", "file = 'e.toml'")});
    CHECK(missing.status == 2);
    CHECK_THAT(missing.err,
               Contains("e.toml: error: can't read this file") && Contains("this fake wants it"));
    const Finished both = rehang({"check", scenario("c.toml", "file = 'd.toml'\nmodel = 'kvm-x86'")});
    CHECK(both.status == 2);
    CHECK_THAT(both.err, Contains("[[fake]] has \"file\" already"));
}

}  // namespace
}  // namespace rehang::e2e
