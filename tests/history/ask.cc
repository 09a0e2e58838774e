#include "ask.h"

#include <stdexcept>

namespace rehang::history {

Asked ask(Search search, const Oracle& oracle) {
    Asked asked;
    for (auto wanted = search.next(); !wanted.empty(); wanted = search.next()) {
        if (++asked.rounds > 10'000) throw std::runtime_error("the search does not come to an end");
        for (const size_t version : wanted) {
            ++asked.calls;
            search.told(version, oracle(version));
        }
    }
    asked.answer = search.answer();
    return asked;
}

Judgement judged(bool present) {
    return present ? Judgement::present : Judgement::absent;
}

Judgement judgement_of(const PoolCommit& commit, const PoolQuestion& question) {
    if (!commit.state.builds || commit.state.aborts) return Judgement::unknown;
    return judged(commit.state.looks_after_lock() == question.finds_fix);
}

}  // namespace rehang::history
