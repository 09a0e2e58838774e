#include "bisect/judge_version.h"

#include "catch.h"

namespace rehang {
namespace {

RunReport ended(Outcome outcome, int code = 0) {
    RunReport run;
    run.outcome = outcome;
    run.signature = to_text(outcome);  // which says nothing of codes and signals
    if (outcome == Outcome::exited) run.exit = code;
    if (outcome == Outcome::signaled) run.signal = code;
    return run;
}

RunReport hang(Cause cause, const std::string& signature) {
    RunReport run = ended(Outcome::hung);
    run.cause = cause;
    run.signature = signature;
    return run;
}

TEST_CASE("the same bug is the same outcome in the same way") {
    const Reference abort = reference_of(ended(Outcome::signaled, 6));
    CHECK(judge_run(ended(Outcome::signaled, 6), abort).bug);
    CHECK_FALSE(judge_run(ended(Outcome::exited, 0), abort).bug);
    CHECK_FALSE(judge_run(ended(Outcome::exited, 0), abort).says_nothing);
    const Reference status = reference_of(ended(Outcome::exited, 3));
    CHECK(judge_run(ended(Outcome::exited, 3), status).bug);
    CHECK_FALSE(judge_run(ended(Outcome::exited, 0), status).bug);
    CHECK(judge_run(hang(Cause::inherited_lock, "a"), reference_of(hang(Cause::inherited_lock, "a"))).bug);
}

TEST_CASE("another crash or another hang is no proof of anything") {
    const Reference lock = reference_of(hang(Cause::inherited_lock, "a"));
    for (const RunReport& run : {hang(Cause::lock_cycle, "b"), ended(Outcome::signaled, 11)}) {
        const RunJudgement judgement = judge_run(run, lock);
        CHECK_FALSE(judgement.bug);
        CHECK(judgement.says_nothing);
        CHECK_THAT(judgement.text, Catch::Matchers::Contains("another bug"));
    }
}

TEST_CASE("a run whose order was not reached, and one that could not be, say nothing") {
    const Reference lock = reference_of(hang(Cause::inherited_lock, "a"));
    for (const Outcome outcome : {Outcome::unmet, Outcome::timeout, Outcome::unsupported})
        CHECK(judge_run(ended(outcome), lock).says_nothing);
}

TEST_CASE("an order that is proven to be impossible is no bug, if the run goes on and ends") {
    const Reference lock = reference_of(hang(Cause::inherited_lock, "a"));
    RunReport run = ended(Outcome::exited, 0);
    run.unmet.push_back(
        {.hold = "h", .at = "h", .missing = "m", .reason = "", .impossible = true, .instead = {}});
    const RunJudgement judgement = judge_run(run, lock);
    CHECK_FALSE(judgement.bug);
    CHECK_FALSE(judgement.says_nothing);
    CHECK(judgement.text == "exited with 0, its order is impossible");
}

TEST_CASE(
    "one run with the bug is enough, without it all have to agree, and what says nothing is tried again") {
    const RunJudgement bug = {.bug = true, .says_nothing = false, .text = "hung"};
    const RunJudgement none = {.bug = false, .says_nothing = false, .text = "exited with 0"};
    const RunJudgement nothing = {.bug = false, .says_nothing = true, .text = "unmet"};
    VersionRuns runs;
    CHECK_FALSE(runs.judgement(2));
    runs.runs = {none};
    CHECK_FALSE(runs.judgement(2));
    CHECK(runs.judgement(1) == Judgement::absent);
    runs.runs = {none, bug};
    CHECK(runs.judgement(5) == Judgement::present);
    CHECK(runs.text() == "hung (run 2)");
    runs.runs = {nothing, nothing};
    CHECK_FALSE(runs.judgement(1));
    runs.runs = {nothing, nothing, none};
    CHECK(runs.judgement(1) == Judgement::absent);
    runs.runs = {nothing, nothing, nothing};
    CHECK(runs.judgement(1) == Judgement::unknown);
}

}  // namespace
}  // namespace rehang
