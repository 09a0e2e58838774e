#include "campaign/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <numeric>
#include <optional>
#include <queue>
#include <string>

namespace rehang {
namespace {

std::optional<size_t> number(std::string_view text) {
    size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

Expected<Shard> parse_shard(std::string_view text) {
    constexpr size_t most = 10'000;
    const size_t slash = text.find('/');
    const auto index = number(text.substr(0, slash));
    const auto of = slash == std::string_view::npos ? std::nullopt : number(text.substr(slash + 1));
    if (index && of && *index >= 1 && *index <= *of && *of <= most) return Shard{.index = *index, .of = *of};
    return std::unexpected(Error{.kind = Error::Kind::usage,
                                 .what = fmt::format("--shard wants I/N, not \"{}\"", text),
                                 .hint = "--shard 1/4 to --shard 4/4 are the four quarters"});
}

std::vector<size_t> share_of(const Shard& shard, const std::vector<double>& costs) {
    std::vector<size_t> longest_first(costs.size());
    std::iota(longest_first.begin(), longest_first.end(), size_t{0});
    std::ranges::stable_sort(longest_first, std::greater(), [&](size_t run) { return costs[run]; });

    using Load = std::pair<double, size_t>;  // what a shard has to do so far, and which one it is
    std::priority_queue<Load, std::vector<Load>, std::greater<>> least_first;
    for (size_t i = 1; i <= shard.of; ++i) least_first.emplace(0.0, i);
    std::vector<size_t> mine;
    for (const size_t run : longest_first) {
        auto [load, index] = least_first.top();
        least_first.pop();
        least_first.emplace(load + costs[run], index);
        if (index == shard.index) mine.push_back(run);
    }
    std::ranges::sort(mine);
    return mine;
}

}  // namespace rehang
