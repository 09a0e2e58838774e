// One campaign on several machines: each takes its share of the runs. Pure: the same runs and costs give the same
// shares everywhere, so that nobody has to tell the others what he took.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace rehang {

struct Shard {
    size_t index = 1;  // from 1
    size_t of = 1;
    bool operator==(const Shard&) const = default;
};

// "2/4". Errors: anything else; an index that is not between 1 and the number of shards; more than 10,000.
Expected<Shard> parse_shard(std::string_view text);

// Which runs are this shard's, as indices into `costs`, ascending. Costs are expected durations in any unit: the
// longest run goes to the shard that has the least so far. Shares of equal costs differ by one run at most.
std::vector<size_t> share_of(const Shard& shard, const std::vector<double>& costs);

}  // namespace rehang
