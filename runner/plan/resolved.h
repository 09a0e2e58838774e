// Values of a scenario that its checks have found to be right.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "scenario/scenario.h"

namespace rehang {

// What a check has found to be right before.
template <class Result>
auto checked(Result&& result) {
    REHANG_CHECK(result);
    return *std::forward<Result>(result);
}

inline ProcessPath path_of(const Text& text) {
    return checked(ProcessPath::parse(text.value));
}

inline ThreadSelector selector_of(const std::optional<Text>& text) {
    return text ? checked(ThreadSelector::parse(text->value)) : ThreadSelector{};
}

inline size_t index_of(const Text& point, const std::vector<PointDecl>& points) {
    const auto found =
        std::ranges::find(points, point.value, [](const PointDecl& p) { return p.name.value; });
    REHANG_CHECK(found != points.end());
    return static_cast<size_t>(found - points.begin());
}

}  // namespace rehang
