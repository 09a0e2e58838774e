// A search to its end, where somebody knows of each version what its runs would say.
#pragma once

#include <functional>
#include <random>

#include "bisect/search.h"
#include "pool_history.h"

namespace rehang::history {

using Oracle = std::function<Judgement(size_t version)>;

struct Asked {
    Search::Answer answer;
    size_t calls = 0, rounds = 0;
};
Asked ask(Search search, const Oracle& oracle);

Judgement judged(bool present);
// What `rehang bisect` would see of it: nothing where it does not build, or ends in another way.
Judgement judgement_of(const PoolCommit& commit, const PoolQuestion& question);

// Turns judgements round at random. What can't be judged stays so.
class Flips {
  public:
    Flips(unsigned seed, double share) : random_(seed), wrong_(share) {}
    bool next() { return wrong_(random_); }
    Judgement maybe(Judgement judgement) {
        if (judgement == Judgement::unknown || !next()) return judgement;
        return judged(judgement == Judgement::absent);
    }

  private:
    std::mt19937 random_;
    std::bernoulli_distribution wrong_;
};

}  // namespace rehang::history
