// How long runs took before, so that shards can be of the same length. Pure.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "plan/plan.h"

namespace rehang {

class Durations {
  public:
    Durations() = default;  // knows nothing: all runs take the same
    // Of a report; what in it is no run is passed over.
    explicit Durations(const nlohmann::json& document);

    // The mean of this scenario with these parameters in this role; if there was none, of the scenario with any; if
    // there was none either, of all runs.
    double expected_ms(const std::string& scenario, Role role, const Params& params) const;

  private:
    struct Mean {
        double sum_ms = 0;
        size_t runs = 0;
        void add(double ms) { sum_ms += ms, ++runs; }
        double value() const { return runs == 0 ? 1 : sum_ms / static_cast<double>(runs); }
    };
    std::map<std::string, Mean> exact_, by_scenario_;
    Mean all_;
};

}  // namespace rehang
