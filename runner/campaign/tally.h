// What came out of all runs of one scenario with the same parameters and role; of any number of runs it keeps
// counts, and what went wrong first. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/json.h"

namespace rehang {

struct Tally {
    std::string file, scenario;
    Params params;
    Role role = Role::scenario;
    size_t runs = 0;         // with a report
    size_t as_expected = 0;  // of those
    size_t unsupported = 0;  // of those that were not as expected: this host can't
    size_t failed = 0;       // without a report: the runner failed
    double total_ms = 0;
    std::map<std::string, size_t> outcomes;  // "hung: inherited-lock" and how often
    // Of the first run that was not as expected, or failed: the sentence that matters most, and all of it.
    std::string trouble, details;

    bool good() const { return failed == 0 && as_expected == runs; }
    // None of them could run here, and nothing else went wrong.
    bool skipped() const { return failed == 0 && runs > 0 && unsupported == runs; }
    // "hung: inherited-lock", "hung: inherited-lock 198, unmet 2".
    std::string outcome_text() const;
    // "localtime-lock-at-fork tcmalloc=libtcmalloc.so.4 (control)"
    std::string name() const;
};

class Tallies {
  public:
    void add(const RunReport& run);
    void add(const FailedRun& failed);
    // In the order of their first run.
    const std::vector<Tally>& all() const { return all_; }

  private:
    Tally& of(const std::string& file, const std::string& scenario, const Params& params, Role role);
    std::vector<Tally> all_;
};

}  // namespace rehang
