// Which version brought a change, by asking as few of them as possible. Pure: whoever asks a version tells
// the search what it was told.
#pragma once

#include <string_view>
#include <vector>

#include "bisect/history.h"

namespace rehang {

enum class Judgement {
    absent,   // the version does not have the change
    present,  // it has
    unknown,  // it can't be judged: it does not build, or its runs say nothing
};
std::string_view to_text(Judgement judgement);

struct SearchOptions {
    // How often a judgement is wrong, from 0 to below 0.5. With 0 a version is asked once, and the answer is
    // certain.
    double noise = 0;
    // How probable the answer has to be, where judgements may be wrong.
    double confidence = 0.99;
    // So many versions are asked at a time.
    size_t at_once = 1;
};

// Bayesian search for the version that brought the change. Each version is as probable as the others at
// first; each judgement makes those less probable that it speaks against. What is asked next splits what is
// left into halves (or, of several at once, into parts) of the same probability. Without noise this is what
// `git bisect` does.
class Search {
  public:
    // The change is not in version 0 and is in the last one, and one of those that the last one was made
    // from, or itself, brought it. At least two versions.
    Search(History history, SearchOptions options);

    // What to ask now: different versions, at most `at_once`. None: nothing more can be found out.
    std::vector<size_t> next() const;
    void told(size_t version, Judgement judgement);

    struct Answer {
        // The most probable one first; several when those between them could not be judged. All of them
        // together reach the confidence, or nothing more can be found out.
        std::vector<size_t> candidates;
        double probability = 0;  // that it is one of them
    };
    Answer answer() const;
    double probability(size_t version) const { return weights_[version]; }

  private:
    double share_that_has(size_t version) const;
    bool may_ask(size_t version) const;
    bool tells_apart(size_t version) const;
    double chance_to_judge(size_t version) const;
    bool comes_before(size_t version, size_t other) const;
    void normalize();

    History history_;
    SearchOptions options_;
    std::vector<double> weights_;  // by version: the probability that it brought the change
    std::vector<bool> unknown_;    // by version: it can't be judged
    std::vector<bool> judged_;     // by version: it was
};

}  // namespace rehang
