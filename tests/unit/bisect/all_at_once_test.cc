#include "bisect/all_at_once.h"

#include <atomic>
#include <latch>

#include "catch.h"

namespace rehang {
namespace {

using Ask = std::function<Expected<int>(const int&)>;

TEST_CASE("questions are asked at the same time, and answered in their order") {
    std::latch all_asked(3);
    const Ask ask = [&](const int& question) -> Expected<int> {
        all_asked.arrive_and_wait();  // nobody would come if one was asked after the other
        return question * 10;
    };
    CHECK(all_at_once<int, int>({1, 2, 3}, ask, [] {}).value() == std::vector{10, 20, 30});
    CHECK(all_at_once<int, int>({}, ask, [] {}).value().empty());
}

TEST_CASE("while an answer takes its time, whoever waits is told") {
    std::atomic<bool> told = false;
    const Ask ask = [&](const int& question) -> Expected<int> {
        told.wait(false);
        return question;
    };
    const auto answers = all_at_once<int, int>({7}, ask, [&] {
        told = true;
        told.notify_all();
    });
    CHECK(answers.value() == std::vector{7});
}

TEST_CASE("of several errors the first one is told, when all have ended") {
    std::atomic<int> ended = 0;
    const Ask ask = [&](const int& question) -> Expected<int> {
        ++ended;
        if (question == 1) return question;
        return misuse("question " + std::to_string(question));
    };
    const auto answers = all_at_once<int, int>({1, 2, 3}, ask, [] {});
    REQUIRE_FALSE(answers);
    CHECK(answers.error().what == "question 2");
    CHECK(ended == 3);
}

}  // namespace
}  // namespace rehang
