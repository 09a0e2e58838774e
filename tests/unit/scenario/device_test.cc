// Described devices: what their text means, and its mistakes.
#include <cerrno>

#include "catch.h"
#include "devices/described/described_device.h"
#include "scenario/read_device.h"

using namespace rehang;
using namespace rehang::fakes;
using Catch::Matchers::Contains;

namespace {

// What the target has at this address; nothing is anywhere else.
class SmallMemory : public Memory {
  public:
    static constexpr std::uint64_t start = 0x1000;
    bool read(std::uint64_t address, std::span<std::byte> into) const override {
        if (!is_there(address, into.size())) return false;
        std::copy_n(bytes.begin() + static_cast<long>(address - start), into.size(),
                    reinterpret_cast<char*>(into.data()));
        return true;
    }
    bool write(std::uint64_t address, std::span<const std::byte> from) override {
        if (!is_there(address, from.size())) return false;
        std::copy_n(reinterpret_cast<const char*>(from.data()), from.size(),
                    bytes.begin() + static_cast<long>(address - start));
        return true;
    }
    std::string bytes = std::string(64, '\0');

  private:
    bool is_there(std::uint64_t address, size_t size) const {
        return address >= start && size <= bytes.size() && address - start <= bytes.size() - size;
    }
};

struct Opened {
    explicit Opened(const std::string& text) {
        ParsedDevice parsed = parse_device("format = 1\n" + text, "d.toml");
        for (const Diagnostic& diagnostic : parsed.diagnostics) FAIL_CHECK(format(diagnostic));
        device = make_described_device(std::move(parsed.description));
        file = device->open(0).opens;
    }
    std::int64_t call(std::uint32_t request, std::uint64_t argument = SmallMemory::start) {
        return file->ioctl({.request = request, .argument = argument}, memory).value;
    }
    SmallMemory memory;
    std::unique_ptr<Device> device;
    std::shared_ptr<File> file;
};

std::string mistakes(const std::string& text) {
    std::string all;
    for (const Diagnostic& diagnostic : parse_device("format = 1\n" + text, "d.toml").diagnostics)
        all += format(diagnostic) + "\n";
    return all;
}

constexpr std::uint32_t rtc_rd_time = 0x80247009;
constexpr auto rtc_struct =
    "struct = { tm_sec = 's32', tm_min = 's32', tm_hour = 's32', tm_mday = 's32', tm_mon = 's32',"
    " tm_year = 's32', tm_wday = 's32', tm_yday = 's32', tm_isdst = 's32' }\n";

}  // namespace

TEST_CASE("described device: members of a struct are written, by a request's name or number") {
    for (const char* request : {"'RTC_RD_TIME'", "0x80247009"}) {
        Opened opened(std::string("[[ioctl]]\nrequest = ") + request + "\n" + rtc_struct +
                      "out = { tm_sec = 5, tm_year = -1 }\n");
        CHECK(opened.call(rtc_rd_time) == 0);
        CHECK(opened.memory.bytes.substr(0, 8) == std::string("\5\0\0\0\0\0\0\0", 8));
        CHECK(opened.memory.bytes.substr(20, 4) == "\xff\xff\xff\xff");
    }
}

TEST_CASE("described device: answers come one after the other, and the last one stays") {
    Opened opened(
        "[[ioctl]]\nrequest = 1\nanswers = [{ result = 7 }, { errno = 'EIO' }]\n"
        "[[ioctl]]\nrequest = 2\nanswers = [{ result = 7 }, { errno = 'EIO' }]\nagain = true\n");
    CHECK(opened.call(1) == 7);
    CHECK(opened.call(1) == -EIO);
    CHECK(opened.call(1) == -EIO);
    for (const std::int64_t answer : {7, -EIO, 7}) CHECK(opened.call(2) == answer);
}

TEST_CASE("described device: what it answers may depend on its state, which its open files share") {
    Opened opened(
        "state = 'idle'\n"
        "[[ioctl]]\nrequest = 1\nstate = 'idle'\nresult = 10\nthen = 'busy'\n"
        "[[ioctl]]\nrequest = 1\nstate = 'busy'\nerrno = 'EBUSY'\n"
        "[[ioctl]]\nrequest = 2\nstate = 'busy'\nthen = 'idle'\n");
    CHECK(opened.call(2) == -EINVAL);  // described, but not in this state
    CHECK(opened.call(1) == 10);
    opened.file = opened.device->open(0).opens;
    CHECK(opened.call(1) == -EBUSY);
    CHECK(opened.call(2) == 0);
    CHECK(opened.call(1) == 10);
}

TEST_CASE("described device: what it answers may depend on the argument, and on what it points to") {
    Opened opened(
        "[[ioctl]]\nrequest = 1\nargument = 4096\nresult = 1\n"
        "[[ioctl]]\nrequest = 1\nresult = 2\n"
        "[[ioctl]]\nrequest = 3\nstruct = { a = 'u8', b = 'u32' }\nwhere = { b = 7 }\nresult = 3\n"
        "[[ioctl]]\nrequest = 3\nresult = 4\n");
    CHECK(opened.call(1, 4096) == 1);
    CHECK(opened.call(1, 4097) == 2);
    CHECK(opened.call(3) == 4);
    opened.memory.bytes[4] = 7;
    CHECK(opened.call(3) == 3);
    CHECK(opened.call(3, 0) == 4);
}

TEST_CASE("described device: all kinds of members, and plain bytes") {
    Opened opened(
        "[[ioctl]]\nrequest = 1\n"
        "struct = { c = 'u8', name = 'char[5]', n = 'u16', list = 'u16[3]', big = 'u64' }\n"
        "out = { c = 255, name = 'ab', n = -1, list = [1, 2, 0xffff], big = '0xfedcba9876543210' }\n"
        "[[ioctl]]\nrequest = 2\ndata = '01 02 ff'\n");
    CHECK(opened.call(1) == 0);
    CHECK(opened.memory.bytes.substr(0, 24) ==
          std::string("\xff"
                      "ab\0\0\0\xff\xff\1\0\2\0\xff\xff\0\0\x10\x32\x54\x76\x98\xba\xdc\xfe",
                      24));
    CHECK(opened.call(2) == 0);
    CHECK(opened.memory.bytes.substr(0, 3) == "\1\2\xff");
}

TEST_CASE("described device: EFAULT where the memory is not there, and the answer comes the next time") {
    Opened opened("[[ioctl]]\nrequest = 1\nanswers = [{ data = '01', result = 1 }, { result = 2 }]\n");
    CHECK(opened.call(1, 0) == -EFAULT);
    CHECK(opened.call(1) == 1);
    CHECK(opened.call(1) == 2);
}

TEST_CASE("described device: other requests are unknown") {
    Opened opened("[[ioctl]]\nrequest = 1\n");
    const Answer answer = opened.file->ioctl({.request = 2, .argument = 0}, opened.memory);
    CHECK(answer.value == -ENOTTY);
    CHECK(answer.unknown);
}

TEST_CASE("described device: it may not open at all, and what it delays may wait") {
    const auto refuses = make_described_device(parse_device("format = 1\nopen = 'EBUSY'", "d").description);
    CHECK(refuses->open(0).value == -EBUSY);
    Opened opened("[[ioctl]]\nrequest = 1\ndelay = '5ms'\n[[ioctl]]\nrequest = 2\n");
    CHECK(opened.device->waiting_requests() == std::vector<std::uint32_t>{1});
    CHECK(opened.file->ioctl({.request = 1, .argument = 0}, opened.memory).delay == Duration(5000));
}

TEST_CASE("described device: it hands files out, which have requests of their own") {
    Opened opened(
        "[[opened]]\nname = 'vcpu'\nmapped = '12KiB'\n"
        "[[ioctl]]\nrequest = 1\nopens = 'vcpu'\n"
        "[[ioctl]]\nrequest = 2\non = 'vcpu'\nresult = 5\n");
    CHECK(opened.call(2) == -ENOTTY);
    const Answer answer = opened.file->ioctl({.request = 1, .argument = 0}, opened.memory);
    REQUIRE(answer.opens);
    CHECK(answer.opens->name() == "vcpu");
    CHECK(answer.opens->mapped_size() == 12288);
    CHECK(opened.file->mapped_size() == 0);
    opened.file = answer.opens;
    CHECK(opened.call(2) == 5);
}

TEST_CASE("described device: bytes behind a struct, and a condition on raw bytes") {
    Opened opened(
        "[[ioctl]]\nrequest = 'FIONREAD'\ndata = [{ at = 4, bytes = '0a' }, { at = 8, bytes = '0b' }]\n"
        "[[ioctl]]\nrequest = 1\nwhere = '00 00 00 00 0a'\nresult = 1\n");
    CHECK(opened.call(1) == -EINVAL);
    CHECK(opened.call(0x541b) == 0);
    CHECK(opened.memory.bytes.substr(3, 6) == std::string("\0\x0a\0\0\0\x0b", 6));
    CHECK(opened.call(1) == 1);
}

TEST_CASE("described device: a direction that is written is believed more than the request's number") {
    const std::string wrong_number = "[[ioctl]]\nrequest = 'RTC_SET_TIME'\ndata = '01'\n";
    CHECK_FALSE(mistakes(wrong_number).empty());
    CHECK(mistakes(wrong_number + "direction = 'both'").empty());
}

TEST_CASE("described device: mistakes are said where they are") {
    CHECK_THAT(
        mistakes("[[ioctl]]\nrequest = 'RTC_RD_TIM'"),
        Contains("d.toml:3:11: error: unknown ioctl request \"RTC_RD_TIM\"; did you mean \"RTC_RD_TIME\"?"));
    CHECK_THAT(
        mistakes("[[ioctl]]\nrequest = 'RTC_RD_TIME'\nstruct = { tm_sec = 's32' }"),
        Contains("d.toml:4:1: error: this struct has 4 bytes, but the request's number 0x80247009 says 36"));
    CHECK_THAT(
        mistakes("[[ioctl]]\nrequest = 'RTC_SET_TIME'\ndata = '00'"),
        Contains("d.toml:4:1: error: the kernel does not write what this request's argument points to"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\nstruct = { a = 'u24' }"),
               Contains("d.toml:4:16: error: a member's type is one of u8, s8"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\nstruct = { count = 'u8' }\nout = { coutn = 1 }"),
               Contains("d.toml:5:9: error: \"struct\" has no member \"coutn\"; did you mean \"count\"?"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\nstruct = { a = 'u8' }\nout = { a = 256 }"),
               Contains("d.toml:5:13: error: \"a\" must be a number of 1 bytes"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\nout = { a = 256 }"),
               Contains("d.toml:4:7: error: \"out\" must be a table of members of \"struct\""));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\ndata = '0'"),
               Contains("d.toml:4:8: error: bytes are written with two hexadecimal digits each"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\non = 'vm'"),
               Contains("d.toml:4:6: error: no answer \"opens\" a file"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\nopens = 'vm'\ndelay = '1s'"), Contains("can't be late"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 'FIONREAD'\nstruct = { n = 's32' }\ndata = '00 00 00 00 00'"),
               Contains("d.toml:5:1: error: these are 5 bytes, but the request's argument has 4"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\nerrno = 'EINVL'"), Contains("did you mean \"EINVAL\"?"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\nerrno = 'EIO'\nresult = 0"), Contains("not both"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\nanswers = []"), Contains("must have at least one"));
    CHECK_THAT(
        mistakes("state = 'idle'\n[[ioctl]]\nrequest = 1\nstate = 'idel'"),
        Contains("d.toml:5:9: error: the device never gets into the state \"idel\"; did you mean \"idle\"?"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 4294967296"), Contains("a request's number has 32 bits"));
    CHECK_THAT(mistakes("[[ioctl]]\nrequest = 1\nreslt = 1"), Contains("reslt"));
    CHECK_THAT(mistakes(""), Contains("\"ioctl\" or \"open\""));
}
