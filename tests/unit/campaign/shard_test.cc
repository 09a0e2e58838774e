#include "campaign/shard.h"

#include <algorithm>
#include <numeric>

#include "catch.h"

namespace rehang {
namespace {

double load_of(const std::vector<size_t>& share, const std::vector<double>& costs) {
    return std::accumulate(share.begin(), share.end(), 0.0, [&](double sum, size_t i) { return sum + costs[i]; });
}

TEST_CASE("a shard is a number of so many") {
    CHECK(parse_shard("2/4") == Shard{.index = 2, .of = 4});
    CHECK(parse_shard("1/1") == Shard{.index = 1, .of = 1});
    for (const char* wrong : {"", "2", "0/4", "5/4", "2/0", "2/", "/4", "a/b", "-1/4", "2/4/8", "1/10001", "1 / 2"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_shard(wrong));
    }
}

TEST_CASE("every run is in exactly one share") {
    std::vector<double> costs(101);
    for (size_t i = 0; i < costs.size(); ++i) costs[i] = static_cast<double>(i * 37 % 11);
    const size_t shards = GENERATE(1, 2, 3, 8, 200);
    std::vector<size_t> all;
    for (size_t i = 1; i <= shards; ++i) {
        const auto share = share_of({.index = i, .of = shards}, costs);
        CHECK(std::ranges::is_sorted(share));
        all.insert(all.end(), share.begin(), share.end());
    }
    std::ranges::sort(all);
    std::vector<size_t> expected(costs.size());
    std::iota(expected.begin(), expected.end(), size_t{0});
    CHECK(all == expected);
}

TEST_CASE("shares of equal runs differ by one run at most") {
    const std::vector<double> costs(10, 5.0);
    CHECK(share_of({.index = 1, .of = 4}, costs).size() == 3);
    CHECK(share_of({.index = 2, .of = 4}, costs).size() == 3);
    CHECK(share_of({.index = 3, .of = 4}, costs).size() == 2);
    CHECK(share_of({.index = 4, .of = 4}, costs).size() == 2);
}

TEST_CASE("long runs are spread") {
    const std::vector<double> costs = {100, 1, 1, 1, 90, 1, 1, 1, 95, 1};
    for (size_t i = 1; i <= 3; ++i) {
        const auto share = share_of({.index = i, .of = 3}, costs);
        CHECK(load_of(share, costs) >= 90);
        CHECK(load_of(share, costs) <= 102);
    }
}

}  // namespace
}  // namespace rehang
