#include "catch.h"
#include "scenario/process_path.h"
#include "scenario/vocabulary.h"

using namespace rehang;

TEST_CASE("places in the fork tree read back as they were written") {
    for (const char* text : {"probe", "probe/1", "probe/1/12"}) {
        const auto path = ProcessPath::parse(text);
        REQUIRE(path);
        CHECK(path->text() == text);
    }
    for (const char* text : {"", "/", "/1", "probe/", "probe/0", "probe/-1", "probe/1x", "probe//1"}) {
        INFO(text);
        CHECK_FALSE(ProcessPath::parse(text));
    }
}

TEST_CASE("a process covers itself and its descendants only") {
    const auto path = [](const char* text) { return *ProcessPath::parse(text); };
    CHECK(path("p").covers(path("p")));
    CHECK(path("p").covers(path("p/1/2")));
    CHECK(path("p/1").covers(path("p/1/2")));
    CHECK_FALSE(path("p/1").covers(path("p")));
    CHECK_FALSE(path("p/1").covers(path("p/2/1")));
    CHECK_FALSE(path("p/1").covers(path("q/1")));
    CHECK(path("p/1/2").within(path("p/1")));
}

TEST_CASE("selectors of threads read back as they were written, and match what they say") {
    const auto selector = [](const char* text) { return *ThreadSelector::parse(text); };
    for (const char* text : {"any", "main", "!main", "name:worker", "nth:2"})
        CHECK(selector(text).text() == text);
    for (const char* text : {"", "Main", "name:", "nth:", "nth:0", "nth:x"})
        CHECK_FALSE(ThreadSelector::parse(text));
    CHECK(selector("any").matches("x", 7));
    CHECK(selector("main").matches("x", 1));
    CHECK_FALSE(selector("main").matches("main", 2));
    CHECK(selector("!main").matches("x", 2));
    CHECK_FALSE(selector("!main").matches("x", 1));
    CHECK(selector("name:worker").matches("worker", 3));
    CHECK_FALSE(selector("name:worker").matches("worker2", 3));
    CHECK(selector("nth:3").matches("x", 3));
    CHECK_FALSE(selector("nth:3").matches("x", 2));
}

TEST_CASE("every word of the vocabulary reads back") {
    for (const std::string& text : expected_outcome_texts())
        CHECK(to_text(parse_expected_outcome(text).value()) == text);
    CHECK_FALSE(parse_expected_outcome("running"));  // only of trees that no scenario started
    CHECK(parse_outcome("running") == Outcome::running);
    for (const std::string& text : cause_texts()) CHECK(to_text(parse_cause(text).value()) == text);
    for (const std::string& text : wait_kind_texts()) CHECK(to_text(parse_wait_kind(text).value()) == text);
    CHECK_FALSE(parse_outcome("inherited_lock"));
    CHECK_FALSE(parse_cause("inherited_lock"));
    CHECK_FALSE(parse_wait_kind(""));
}
