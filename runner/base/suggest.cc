#include "base/suggest.h"

#include <fmt/format.h>

#include <algorithm>

namespace rehang {
namespace {

// Damerau-Levenshtein distance (optimal string alignment): a swap of neighbours counts once.
size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        for (size_t j = 1; j <= b.size(); ++j) {
            d[i][j] = std::min(
                {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

constexpr size_t longest_compared = 256;  // quadratic: nobody mistypes a name of this length

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
