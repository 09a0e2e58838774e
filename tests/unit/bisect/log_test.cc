#include "bisect/log.h"

#include "catch.h"

namespace rehang {
namespace {

const Question question = {.scenario = "x.toml",
                           .param = "lib",
                           .find = "bug",
                           .versions = {"1", "2", "3"},
                           .good = "1",
                           .bad = "3"};

std::string what(const Expected<std::vector<LoggedVersion>>& result) {
    return result ? "read" : result.error().what;
}

TEST_CASE("what was written is read again") {
    const std::string text =
        to_line(question) +
        to_line(LoggedVersion{.version = "2", .judgement = Judgement::present, .text = "hung", .signature = "ab"});
    const auto known = read_log(text, "b.log", question);
    REQUIRE(known);
    REQUIRE(known->size() == 1);
    CHECK(known->front().version == "2");
    CHECK(known->front().judgement == Judgement::present);
    CHECK(known->front().text == "hung");
    CHECK(known->front().signature == "ab");
    CHECK(read_log("", "b.log", question)->empty());
}

TEST_CASE("a last line that was broken off does not count") {
    const std::string line =
        to_line(LoggedVersion{.version = "2", .judgement = Judgement::absent, .text = "", .signature = ""});
    CHECK(read_log(to_line(question) + line + line.substr(0, 10), "b.log", question)->size() == 1);
    CHECK(read_log(to_line(question).substr(0, 20), "b.log", question)->empty());
}

TEST_CASE("a log that is none, of another question, or broken in the middle is refused with its line") {
    CHECK(what(read_log("hello\n", "b.log", question)) == "b.log:1: this is no log of a bisect");
    Question other = question;
    other.bad = "2";
    CHECK_THAT(what(read_log(to_line(other), "b.log", question)),
               Catch::Matchers::StartsWith("b.log:1: this is the log of another bisect"));
    CHECK(what(read_log(to_line(question) + "{}\n", "b.log", question)) ==
          "b.log:2: this is no line of a bisect's log");
    CHECK(what(read_log(to_line(question) + to_line(LoggedVersion{.version = "9", .text = "", .signature = ""}), "b.log",
                        question)) == "b.log:2: there is no version 9");
}

}  // namespace
}  // namespace rehang
