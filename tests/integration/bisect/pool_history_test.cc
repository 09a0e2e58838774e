// The search in a real repository whose history is known. Versions are judged by what is known of them: that
// runs of them say the same is what the end-to-end test of it shows.
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "ask.h"
#include "bisect/git_history.h"
#include "bisect/search.h"
#include "catch.h"
#include "pool_history.h"

namespace rehang {
namespace {

using history::ask;
using history::Asked;
using history::Flips;
using history::judged;
using history::judgement_of;
using history::make_pool_history;
using history::PoolCommit;
using history::PoolHistory;
using history::PoolQuestion;

// Made once: nobody changes it.
const PoolHistory& pool() {
    struct Made {
        std::string folder = "/tmp/rehang-test-XXXXXX";
        PoolHistory history;
        Made() {
            REQUIRE(::mkdtemp(folder.data()) != nullptr);
            auto made = make_pool_history(folder + "/pool");
            INFO((made ? "" : made.error().what));
            REQUIRE(made);
            history = std::move(*made);
        }
        ~Made() { std::filesystem::remove_all(folder); }
    };
    static const Made made;
    return made.history;
}

Commits commits_of(const PoolQuestion& question) {
    auto commits = commits_between(pool().path, question.older, question.newer);
    REQUIRE(commits);
    return std::move(*commits);
}

bool found(const Asked& asked, const Commits& commits, const PoolQuestion& question) {
    return asked.answer.candidates.size() == 1 &&
           commits.ids[asked.answer.candidates.front()] == pool().commits[question.answer].id;
}

size_t log2_up(size_t n) {
    return static_cast<size_t>(std::ceil(std::log2(static_cast<double>(n))));
}

TEST_CASE("git tells the history as it was made") {
    for (const PoolQuestion& question : pool().questions) {
        CAPTURE(question.name);
        const Commits commits = commits_of(question);
        CHECK(commits.ids.size() >= 64);
        size_t merges = 0, unbuilt = 0, aborting = 0;
        for (size_t v = 1; v < commits.ids.size(); ++v) {
            const PoolCommit& commit = pool().of(commits.ids[v]);
            merges += commits.history.parents(v).size() > 1 ? 1 : 0;
            unbuilt += commit.state.builds ? 0 : 1;
            aborting += commit.state.aborts ? 1 : 0;
            for (size_t change = 1; change < commits.ids.size(); ++change) {
                const auto number =
                    static_cast<size_t>(&pool().of(commits.ids[change]) - pool().commits.data());
                CHECK(commits.history.has(v, change) == std::ranges::binary_search(commit.changes, number));
            }
        }
        CHECK(merges >= 8);
        CHECK(unbuilt >= 2);
        CHECK((question.name == "added" || aborting >= 3));
    }
}

TEST_CASE("who added, lost, and added again is found, in at most two calls more than halving takes") {
    size_t unbuilt = 0, aborting = 0;  // of the versions that were asked
    for (const PoolQuestion& question : pool().questions) {
        CAPTURE(question.name);
        const Commits commits = commits_of(question);
        const Asked asked = ask(Search(commits.history, {}), [&](size_t v) {
            const PoolCommit& commit = pool().of(commits.ids[v]);
            unbuilt += commit.state.builds ? 0 : 1;
            aborting += commit.state.aborts ? 1 : 0;
            return judgement_of(commit, question);
        });
        CHECK(found(asked, commits, question));
        CHECK(asked.calls <= log2_up(commits.ids.size()) + 2);

        const Asked two = ask(Search(commits.history, {.at_once = 2}),
                              [&](size_t v) { return judgement_of(pool().of(commits.ids[v]), question); });
        CHECK(found(two, commits, question));
        CHECK(two.rounds < asked.rounds);
    }
    CHECK(unbuilt > 0);
    CHECK(aborting > 0);
}

TEST_CASE("whoever had brought it would be found, in at most two calls more than halving takes") {
    for (const PoolQuestion& question : pool().questions) {
        const Commits commits = commits_of(question);
        for (size_t change = 1; change < commits.ids.size(); ++change) {
            CAPTURE(question.name, change);
            const Asked asked = ask(Search(commits.history, {}),
                                    [&](size_t v) { return judged(commits.history.has(v, change)); });
            CHECK(asked.answer.candidates == std::vector{change});
            CHECK(asked.calls <= log2_up(commits.ids.size()) + 2);
        }
    }
}

TEST_CASE("with one of ten judgements wrong, 48 of 50 searches and more find the commit") {
    for (const PoolQuestion& question : pool().questions) {
        CAPTURE(question.name);
        const Commits commits = commits_of(question);
        constexpr size_t seeds = 50;
        size_t right = 0;
        for (unsigned seed = 0; seed < seeds; ++seed) {
            Flips flips(seed, 0.1);
            const Asked asked =
                ask(Search(commits.history, {.noise = 0.1, .confidence = 0.99}),
                    [&](size_t v) { return flips.maybe(judgement_of(pool().of(commits.ids[v]), question)); });
            CHECK(asked.answer.probability >= 0.99);
            if (found(asked, commits, question)) ++right;
        }
        CHECK(right >= 48);
    }
}

// Searches that may stop early are often wrong: there it shows whether what is said of them is true.
TEST_CASE("the probability that is stated is how often the answer is right") {
    const PoolQuestion& question = pool().questions.at(1);
    const Commits commits = commits_of(question);
    constexpr double noise = 0.1;
    for (const double confidence : {0.5, 0.9}) {
        CAPTURE(confidence);
        size_t right = 0, all = 0;
        double stated = 0;
        for (unsigned seed = 0; seed < 3; ++seed)
            for (size_t change = 1; change < commits.ids.size(); ++change) {
                Flips flips(static_cast<unsigned>(1000 * seed + change), noise);
                const Asked asked =
                    ask(Search(commits.history, {.noise = noise, .confidence = confidence}),
                        [&](size_t v) { return flips.maybe(judged(commits.history.has(v, change))); });
                ++all;
                stated += asked.answer.probability;
                if (asked.answer.candidates.front() == change) ++right;
            }
        const double share = static_cast<double>(right) / static_cast<double>(all);
        const double said = stated / static_cast<double>(all);
        const double deviation = std::sqrt(said * (1 - said) / static_cast<double>(all));
        CHECK(said >= confidence);
        CHECK(std::abs(share - said) < 3 * deviation);
    }
}

}  // namespace
}  // namespace rehang
