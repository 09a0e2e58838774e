// Collects the mistakes found in one scenario.
#pragma once

#include <string>

#include "scenario/diagnostic.h"

namespace rehang {

class Problems {
  public:
    // Nobody reads more than this; a file with more is garbage.
    static constexpr size_t most_shown = 100;

    explicit Problems(std::string file) : file_(std::move(file)) {}

    void error(Span at, std::string message, std::string hint = {});
    void add(Diagnostics found) { diagnostics_.insert(diagnostics_.end(), found.begin(), found.end()); }
    bool found_any() const { return !diagnostics_.empty(); }
    // Sorted by place, each one once; beyond most_shown only their number.
    Diagnostics take() &&;

  private:
    std::string file_;
    Diagnostics diagnostics_;
};

}  // namespace rehang
