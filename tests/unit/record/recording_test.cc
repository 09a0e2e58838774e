// From the calls that a device answered to a description, to its text and back.
#include "record/recording.h"

#include <cerrno>

#include "catch.h"
#include "scenario/read_device.h"
#include "scenario/write_device.h"

using namespace rehang;
using namespace rehang::fakes;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint32_t plain = 0xae03;          // KVM_CHECK_EXTENSION, _IO
constexpr std::uint32_t both_ways = 0xc0041234;  // no driver's, _IOWR of four bytes

RecordedCall call(std::uint32_t request, std::uint64_t argument, std::int64_t result, std::string before = {},
                  std::string after = {}) {
    RecordedCall made{.on = {},
                      .request = request,
                      .argument = argument,
                      .before = std::move(before),
                      .result = result,
                      .written = {},
                      .opened = {}};
    if (!after.empty()) made.written.push_back({.offset = 0, .bytes = std::move(after)});
    return made;
}

Description described(const std::vector<RecordedCall>& calls) {
    Recording recording;
    for (const RecordedCall& one : calls) recording.add(one);
    return recording.description();
}

std::string text_of(const std::vector<RecordedCall>& calls) {
    return write_device(described(calls), "");
}

// What it says must be what it was made of, also after a second time through.
void check_reads_back(const std::vector<RecordedCall>& calls) {
    const std::string text = text_of(calls);
    INFO(text);
    const ParsedDevice parsed = parse_device(text, "d.toml");
    for (const Diagnostic& diagnostic : parsed.diagnostics) FAIL_CHECK(format(diagnostic));
    CHECK(write_device(parsed.description, "") == text);
}

}  // namespace

TEST_CASE("recording: a request that is always answered the same is one answer") {
    const auto calls = {call(plain, 1, 12), call(plain, 2, 12), call(plain, 3, 12)};
    CHECK(text_of(calls) == "format = 1\n\n[[ioctl]]\nrequest = \"KVM_CHECK_EXTENSION\"\nresult = 12\n");
    check_reads_back(calls);
}

TEST_CASE("recording: plain arguments that decide are told apart") {
    const auto calls = {call(plain, 10, 1), call(plain, 11, 0), call(plain, 10, 1)};
    const Description description = described(calls);
    REQUIRE(description.requests.size() == 2);
    CHECK(description.requests[0].argument == 10U);
    CHECK(description.requests[0].answers.size() == 1);
    CHECK(description.requests[1].argument == 11U);
    check_reads_back(calls);
}

TEST_CASE("recording: what an argument points to is told apart where it decides, and comes again") {
    const auto calls = {call(both_ways, 0x7ffc0010, 0, "aaaa", "1111"),
                        call(both_ways, 0x7ffc0010, 0, "bbbb", "2222"),
                        call(both_ways, 0x7ffc0020, 0, "aaaa", "1111")};
    const Description description = described(calls);
    REQUIRE(description.requests.size() == 2);
    CHECK(description.requests[0].where.at(0).bytes == "aaaa");
    CHECK(description.requests[1].answers.at(0).out.at(0).bytes == "2222");
    check_reads_back(calls);
}

TEST_CASE("recording: elsewhere the order decides, without what repeats at the end") {
    const auto calls = {call(both_ways, 0x7ffc0010, -EINTR), call(both_ways, 0x7ffc0010, 0, "xxxx", "1111"),
                        call(both_ways, 0x7ffc0010, 0, "yyyy", "2222"),
                        call(both_ways, 0x7ffc0010, 0, "zzzz", "2222")};
    const Description description = described(calls);
    REQUIRE(description.requests.size() == 1);
    CHECK(description.requests[0].answers.size() == 3);
    CHECK(description.requests[0].answers[0].value == -EINTR);
    check_reads_back(calls);
}

TEST_CASE("recording: descriptors that are handed out are no numbers, and have requests of their own") {
    auto creates = call(plain, 0, 7), again = call(plain, 0, 9), on_vm = call(plain, 1, 3);
    creates.opened = again.opened = on_vm.on = "kvm-vm";
    const std::vector<RecordedCall> calls = {creates, again, on_vm};
    const Description description = described(calls);
    REQUIRE(description.requests.size() == 2);
    CHECK(description.requests[0].answers.size() == 1);
    CHECK(description.requests[0].answers[0].opens == "kvm-vm");
    CHECK(description.requests[1].on == "kvm-vm");
    check_reads_back(calls);
}

TEST_CASE("recording: how much of a file was mapped") {
    Recording recording;
    auto creates = call(plain, 0, 7);
    creates.opened = "kvm-vcpu:0";
    recording.add(creates);
    recording.mapped("kvm-vcpu:0", 12288);
    CHECK_THAT(
        write_device(recording.description(), "A comment\nof two lines"),
        Contains("# A comment\n# of two lines\nformat = 1\n\n[[opened]]\nname = \"kvm-vcpu:0\"\nmapped "
                 "= \"12288\"\n"));
}

TEST_CASE("recording: a driver that writes although its request's number says otherwise") {
    const auto calls = {call(0x4024700a, 0x7ffc0010, 0, "", std::string(36, 'x'))};  // RTC_SET_TIME
    CHECK_THAT(text_of(calls), Contains("direction = \"both\""));
    check_reads_back(calls);
}

TEST_CASE("recording: names with anything in them read back") {
    auto creates = call(plain, 0, 7);
    creates.opened = "a \"quoted\" \\ name\n\x7f";
    check_reads_back({creates});
}

TEST_CASE("recording: changed parts of memory") {
    using Parts = std::vector<DescribedBytes>;
    CHECK(changed_parts("abc", "abc").empty());
    CHECK(changed_parts("abc", "xbz") == Parts{{0, "xbz"}});
    CHECK(changed_parts("abc", "ab").empty());
    const std::string before(64, 'a');
    std::string after = before;
    after[1] = after[40] = 'b';
    CHECK(changed_parts(before, after) == Parts{{1, "b"}, {40, "b"}});
}

TEST_CASE("recording: the size of what an argument points to") {
    CHECK(argument_size(0x80247009) == 36);  // RTC_RD_TIME
    CHECK(argument_size(0x5401) == 36);      // TCGETS
    CHECK(argument_size(0x5413) == 8);       // TIOCGWINSZ
    CHECK(argument_size(0xae03) == 0);
}
