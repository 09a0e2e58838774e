#include "match/likeness.h"

#include <algorithm>
#include <cmath>

namespace rehang {
namespace {

// The innermost of a stack tell what it is about; a bound for the work on stacks without one.
constexpr size_t most_names = 40;
constexpr double outwards = 0.85;  // what a frame counts, of what the one further in counts

double weight(size_t depth) {
    return std::pow(outwards, static_cast<double>(depth));
}

// What the frames of a stack count altogether, of which those in `paired` are in the other one, too.
double weight_of_all(size_t count, const std::vector<bool>& paired, size_t unnamed_in_other) {
    double all = 0;
    for (size_t i = 0; i < count; ++i) {
        const bool may_be_there = !paired[i] && unnamed_in_other > 0;
        if (may_be_there) --unnamed_in_other;
        all += may_be_there ? weight(i) / 2 : weight(i);
    }
    return all;
}

bool ends_with_scope(std::string_view longer, std::string_view shorter) {
    return longer.size() > shorter.size() + 2 && longer.ends_with(shorter) &&
           longer.substr(longer.size() - shorter.size() - 2, 2) == "::";
}

// The last part of a qualified name.
std::string_view own_name(std::string_view name) {
    const size_t scope = name.rfind("::");
    return scope == std::string_view::npos ? name : name.substr(scope + 2);
}

}  // namespace

Likeness likeness(std::string_view a, std::string_view b) {
    if (a == b || ends_with_scope(a, b) || ends_with_scope(b, a)) return Likeness::same;
    constexpr size_t shortest = 9;
    constexpr double most_of_it = 2.0 / 3;
    if (a.substr(0, a.size() - own_name(a).size()) != b.substr(0, b.size() - own_name(b).size()))
        return Likeness::none;
    const std::string_view x = own_name(a), y = own_name(b);
    const auto common = static_cast<size_t>(std::ranges::mismatch(x, y).in1 - x.begin());
    const auto longer = static_cast<double>(std::max(x.size(), y.size()));
    return common >= shortest && static_cast<double>(common) >= most_of_it * longer ? Likeness::similar
                                                                                    : Likeness::none;
}

TellingStack telling_part(const std::vector<SeenFrame>& stack) {
    TellingStack telling;
    for (const SeenFrame& frame : stack) {
        if (telling.names.size() == most_names) break;
        if (frame.function.empty()) {
            ++telling.unnamed;
            continue;
        }
        std::string name = canonical(frame.function);
        const bool on_the_way = telling.names.empty() && is_way_into_kernel(name);
        if (name.empty() || is_start_of_thread(name) || on_the_way) continue;
        // A function and what is inlined of it into itself: "pthread_cond_wait" in "__pthread_cond_wait".
        if (telling.names.empty() || telling.names.back() != name) telling.names.push_back(std::move(name));
    }
    return telling;
}

StackLikeness compare_stacks(const TellingStack& stack_a, const TellingStack& stack_b) {
    StackLikeness result;
    const auto &a = stack_a.names, &b = stack_b.names;
    if (a.empty() || b.empty()) return result;
    // The heaviest common subsequence, from the outer ends inwards.
    const size_t columns = b.size() + 1;
    std::vector<double> best((a.size() + 1) * columns, 0);
    std::vector<Likeness> alike(a.size() * b.size());
    const auto gain = [&](size_t i, size_t j) {
        const Likeness like = alike[i * b.size() + j];
        const double share = like == Likeness::same ? 1 : like == Likeness::similar ? 0.5 : 0;
        return share * (weight(i) + weight(j)) / 2;
    };
    for (size_t i = a.size(); i-- > 0;)
        for (size_t j = b.size(); j-- > 0;) {
            alike[i * b.size() + j] = likeness(a[i], b[j]);
            best[i * columns + j] = std::max({best[(i + 1) * columns + j], best[i * columns + j + 1],
                                              gain(i, j) + best[(i + 1) * columns + j + 1]});
        }
    std::vector<bool> paired_a(a.size()), paired_b(b.size());
    for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        const double here = best[i * columns + j];
        if (gain(i, j) > 0 && here == gain(i, j) + best[(i + 1) * columns + j + 1]) {
            result.pairs.push_back({.a = i, .b = j, .likeness = alike[i * b.size() + j]});
            paired_a[i++] = true;
            paired_b[j++] = true;
        } else if (here == best[(i + 1) * columns + j]) {
            ++i;
        } else {
            ++j;
        }
    }
    const double all = weight_of_all(a.size(), paired_a, stack_b.unnamed) +
                       weight_of_all(b.size(), paired_b, stack_a.unnamed);
    // What is halved may be weight that was gained at another depth.
    result.score = std::min(1.0, best[0] / (all / 2));
    return result;
}

}  // namespace rehang
