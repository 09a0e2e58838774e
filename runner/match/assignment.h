// Who goes with whom, so that the total is the best.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace rehang {

// value[row][column], none below 0; rows of one length. For each row its column, or nothing: each column is
// given once, the sum of the values is the greatest there is, and no pair is worth 0.
std::vector<std::optional<size_t>> best_assignment(const std::vector<std::vector<double>>& value);

}  // namespace rehang
