// Many runs at a glance: one line for each scenario, its parameters and role. Pure.
#pragma once

#include <string>
#include <vector>

#include "report/text.h"

namespace rehang {

// All runs of one scenario with the same parameters and role.
struct RunGroup {
    std::string name;  // "localtime-lock-at-fork (control)"
    size_t runs = 0;
    size_t as_expected = 0;
    // How many different ones were seen; 1 each is what a scenario is for.
    size_t signatures = 0;
    size_t pid_sets = 0;      // at least: other processes, or another pid of the same one
    size_t point_orders = 0;  // which points were reached, in which order, by whom
    double median_ms = 0;

    bool identical() const { return signatures <= 1 && pid_sets <= 1 && point_orders <= 1; }
};

// "localtime-lock-at-fork at_fork=nothing (control)": the same for all runs of a group.
std::string group_name(const RunReport& run);

// Takes runs one by one and keeps none of them: its size depends on how different they are, not on how many.
class Summary {
  public:
    Summary();
    ~Summary();
    void add(const RunReport& run);
    // In the order of their first run.
    std::vector<RunGroup> groups() const;

  private:
    struct Collected;
    std::vector<Collected> collected_;
};
// "NAME  200 of 200 as expected, identical (signature, pids, points), median 34 ms"
std::string render_summary(const std::vector<RunGroup>& groups, const TextStyle& style);

}  // namespace rehang
