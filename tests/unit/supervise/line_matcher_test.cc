#include "supervise/line_matcher.h"

#include "catch.h"

using namespace rehang;

namespace {
LineMatcher matcher(const std::string& pattern) {
    return LineMatcher(*Pattern::parse(pattern));
}
}  // namespace

TEST_CASE("lines count once, whatever pieces they come in") {
    LineMatcher lines = matcher("b+");
    CHECK(lines.feed("a") == 0);
    CHECK(lines.feed("b") == 1);
    CHECK(lines.feed("bbb\n") == 0);
    CHECK(lines.feed("b\nb\na\nb") == 3);
    CHECK(lines.feed("") == 0);
}

TEST_CASE("the end of a line is where it ends, not where a piece does") {
    LineMatcher lines = matcher("^ok$");
    CHECK(lines.feed("ok") == 0);
    CHECK(lines.feed("ay\nok") == 0);
    CHECK(lines.feed("\n") == 1);
}

TEST_CASE("of a line without end only the beginning is looked at") {
    LineMatcher lines = matcher("x");
    const std::string block(LineMatcher::longest_line, 'a');
    CHECK(lines.feed(block) == 0);
    CHECK(lines.feed("x") == 0);
    CHECK(lines.feed("\nx") == 1);
}

TEST_CASE("a pattern that would take for ever does not match, and does not take for ever") {
    LineMatcher lines = matcher("(a|aa|b?)*$x");
    CHECK(lines.feed(std::string(60000, 'a') + "\n") == 0);
}

TEST_CASE("what is wrong with a pattern is told") {
    CHECK_FALSE(Pattern::parse("(").has_value());
    CHECK_FALSE(Pattern::parse("[a").has_value());
    CHECK(Pattern::parse("[a]").has_value());
}
