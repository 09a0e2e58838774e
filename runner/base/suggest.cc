#include "base/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace rehang {
namespace {

constexpr size_t longest_compared = 256;  // quadratic: nobody mistypes a name of this length

// Damerau-Levenshtein distance (optimal string alignment): a swap of neighbours counts once. Three rows of
// its table are enough, and need no memory: there are thousands of candidates.
size_t distance(std::string_view a, std::string_view b) {
    using Line = std::array<unsigned, longest_compared + 1>;
    std::array<Line, 3> lines;
    Line *before = &lines[0], *last = &lines[1], *line = &lines[2];
    for (size_t j = 0; j <= b.size(); ++j) (*line)[j] = static_cast<unsigned>(j);
    for (size_t i = 1; i <= a.size(); ++i) {
        std::tie(before, last, line) = std::tuple(last, line, before);
        (*line)[0] = static_cast<unsigned>(i);
        for (size_t j = 1; j <= b.size(); ++j) {
            const unsigned replaced = (*last)[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            (*line)[j] = std::min({(*last)[j] + 1, (*line)[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                (*line)[j] = std::min((*line)[j], (*before)[j - 2] + 1);
        }
    }
    return (*line)[b.size()];
}

}  // namespace

std::vector<std::string> nearest(std::string_view written, const std::vector<std::string>& candidates,
                                 size_t most) {
    struct Scored {
        size_t score;
        const std::string* name;
    };
    std::vector<Scored> scored;
    for (const std::string& candidate : candidates) {
        if (candidate.empty() || written.empty() || candidate.size() > longest_compared ||
            written.size() > longest_compared)
            continue;
        const size_t longer = std::max(candidate.size(), written.size());
        const size_t shorter = std::min(candidate.size(), written.size());
        const bool part = written.size() >= 4 && candidate.find(written) != std::string::npos;
        if (!part && longer - shorter > std::max<size_t>(1, longer / 3)) continue;
        const size_t score = distance(written, candidate);
        if (score <= std::max<size_t>(1, longer / 3))
            scored.push_back({score, &candidate});
        else if (part)
            scored.push_back({longer / 3 + candidate.size() - written.size(), &candidate});
    }
    std::ranges::stable_sort(scored, {}, &Scored::score);
    std::vector<std::string> names;
    for (const Scored& s : scored) {
        if (names.size() == most) break;
        if (std::ranges::find(names, *s.name) == names.end()) names.push_back(*s.name);
    }
    return names;
}

std::string did_you_mean(std::string_view written, const std::vector<std::string>& candidates) {
    const auto names = nearest(written, candidates);
    return names.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", names.front());
}

}  // namespace rehang
