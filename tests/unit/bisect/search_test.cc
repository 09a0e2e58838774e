#include "bisect/search.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "ask.h"
#include "catch.h"

namespace rehang {
namespace {

using history::ask;
using history::Asked;
using history::judged;

size_t log2_up(size_t n) {
    return static_cast<size_t>(std::ceil(std::log2(static_cast<double>(n))));
}

TEST_CASE("in a list every change is found, in no more calls than halving takes") {
    for (const size_t size : {2U, 3U, 8U, 9U, 40U})
        for (size_t change = 1; change < size; ++change) {
            CAPTURE(size, change);
            const Asked asked =
                ask(Search(History::list(size), {}), [&](size_t v) { return judged(v >= change); });
            CHECK(asked.answer.candidates == std::vector{change});
            CHECK(asked.answer.probability > 0.999);
            CHECK(asked.calls <= log2_up(size - 1));
        }
}

TEST_CASE("several at once take fewer rounds") {
    const auto oracle = [](size_t v) { return judged(v >= 700); };
    const Asked one = ask(Search(History::list(1001), {}), oracle);
    const Asked three = ask(Search(History::list(1001), {.at_once = 3}), oracle);
    CHECK(one.rounds == 10);
    CHECK(three.rounds == 5);
    CHECK(three.answer.candidates == std::vector<size_t>{700});
}

// Two lines that are merged every now and then.
History with_merges(size_t size, std::mt19937& random) {
    std::vector<std::vector<size_t>> parents(size);
    size_t left = 0, right = 0;
    for (size_t v = 1; v < size; ++v) {
        const bool merges = v + 1 == size || random() % 5 == 0;
        if (merges && left != right)
            parents[v] = {left, right};
        else
            parents[v] = {random() % 2 ? left : right};
        if (merges)
            left = right = v;
        else
            (parents[v][0] == left ? left : right) = v;
    }
    return History::of(parents);
}

TEST_CASE("in a history with merges every change is found, in at most two calls more than halving takes") {
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same histories each time
    for (int i = 0; i < 20; ++i) {
        const History history = with_merges(65, random);
        for (size_t change = 1; change < history.size(); ++change) {
            if (!history.has(history.size() - 1, change)) continue;
            CAPTURE(i, change);
            const Asked asked =
                ask(Search(history, {}), [&](size_t v) { return judged(history.has(v, change)); });
            CHECK(asked.answer.candidates == std::vector{change});
            CHECK(asked.calls <= log2_up(history.size()) + 2);
        }
    }
}

TEST_CASE("versions that can't be judged are passed by; the answer is who is left") {
    const auto broken_from_4_to_6 = [](size_t change) {
        return [change](size_t v) { return v >= 4 && v <= 6 ? Judgement::unknown : judged(v >= change); };
    };
    CHECK(ask(Search(History::list(10), {}), broken_from_4_to_6(2)).answer.candidates ==
          std::vector<size_t>{2});
    auto between = ask(Search(History::list(10), {}), broken_from_4_to_6(5)).answer.candidates;
    std::ranges::sort(between);
    CHECK(between == std::vector<size_t>{4, 5, 6, 7});
}

TEST_CASE("nothing can be judged: all of them are left, and it ends") {
    const Asked asked = ask(Search(History::list(6), {}), [](size_t) { return Judgement::unknown; });
    CHECK(asked.calls == 4);
    CHECK(asked.answer.candidates.size() == 5);
}

TEST_CASE("two neighbours need no question") {
    CHECK(Search(History::list(2), {}).next().empty());
}

TEST_CASE("with judgements that are sometimes wrong the answer is right as often as it says") {
    size_t right = 0;
    double promised = 0;
    constexpr size_t seeds = 200;
    for (unsigned seed = 0; seed < seeds; ++seed) {
        std::mt19937 random(seed);
        std::bernoulli_distribution wrong(0.1);
        const size_t change = 1 + random() % 64;
        const Asked asked = ask(Search(History::list(65), {.noise = 0.1, .confidence = 0.99}),
                                [&](size_t v) { return judged((v >= change) != wrong(random)); });
        REQUIRE(asked.answer.candidates.size() == 1);
        if (asked.answer.candidates.front() == change) ++right;
        promised += asked.answer.probability;
    }
    CHECK(promised / seeds >= 0.99);
    CHECK(right >= 195);  // 198 are promised
}

TEST_CASE("judgements that contradict each other do not break the search") {
    Search search(History::list(5), {});
    search.told(2, Judgement::present);
    search.told(3, Judgement::absent);
    CHECK(search.answer().probability <= 1.0 + 1e-9);
    CHECK(search.next() == std::vector<size_t>{1});
}

}  // namespace
}  // namespace rehang
