#include "bisect/search.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

namespace rehang {
namespace {

double information(double share) {
    return share <= 0 ? 0 : -share * std::log2(share);
}

}  // namespace

std::string_view to_text(Judgement judgement) {
    switch (judgement) {
        case Judgement::absent:
            return "absent";
        case Judgement::present:
            return "present";
        case Judgement::unknown:
            return "unknown";
    }
    return "";
}

Search::Search(History history, SearchOptions options)
    : history_(std::move(history)),
      options_(options),
      weights_(history_.size(), 0.0),
      unknown_(history_.size(), false),
      judged_(history_.size(), false) {
    const size_t last = history_.size() - 1;
    for (size_t v = 1; v <= last; ++v)
        if (history_.has(last, v) && !history_.has(0, v)) weights_[v] = 1;
    normalize();
}

void Search::normalize() {
    const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    for (double& weight : weights_) weight /= sum;
}

double Search::share_that_has(size_t version) const {
    double share = 0;
    for (size_t change = 0; change <= version; ++change)
        if (history_.has(version, change)) share += weights_[change];
    return share;
}

// What is told of the two ends is given: they need not be asked.
bool Search::may_ask(size_t version) const {
    return version != 0 && version + 1 != history_.size() && !unknown_[version];
}

bool Search::tells_apart(size_t version) const {
    const double share = share_that_has(version);
    constexpr double nothing = 1e-12;
    return share > nothing && share < 1 - nothing;
}

// Who is next to one that does not build often does not build either: the more of them were met, the further
// away it goes on.
double Search::chance_to_judge(size_t version) const {
    if (judged_[version]) return 1;
    size_t met = 0, distance = history_.size();
    for (size_t v = 0; v < history_.size(); ++v) {
        if (!unknown_[v]) continue;
        ++met;
        distance = std::min(distance, v < version ? version - v : v - version);
    }
    return met == 0 ? 1 : static_cast<double>(distance) / static_cast<double>(distance + met);
}

// Of several that tell the same amount, the one that `git bisect` would take: so that it never finds by luck
// what takes one question more here.
bool Search::comes_before(size_t version, size_t other) const {
    const auto rank = [this](size_t v) {
        const auto suspects = std::ranges::count_if(history_.parents(v),
                                                    [this](size_t parent) { return weights_[parent] > 0; });
        return suspects > 1 ? 0 : suspects == 1 ? 1 : 2;
    };
    return std::pair(rank(version), version) < std::pair(rank(other), other);
}

std::vector<size_t> Search::next() const {
    const Answer known = answer();
    const double wanted = options_.noise > 0 ? options_.confidence : 1.0 - 1e-9;
    if (known.candidates.size() == 1 && known.probability >= wanted) return {};
    std::vector<size_t> chosen;
    std::vector<size_t> part(history_.size(),
                             0);  // of each change: which of the chosen versions have it, as bits
    double known_information = 0;
    while (chosen.size() < std::min<size_t>(options_.at_once, 16)) {
        std::optional<size_t> best;
        double best_gain = 1e-12, best_information = 0;
        for (size_t v = 0; v < history_.size(); ++v) {
            if (!may_ask(v) || !tells_apart(v) || std::ranges::find(chosen, v) != chosen.end()) continue;
            std::map<size_t, double> shares;
            for (size_t change = 0; change < history_.size(); ++change)
                if (weights_[change] > 0)
                    shares[part[change] * 2 + (history_.has(v, change) ? 1 : 0)] += weights_[change];
            double sum = 0;
            for (const auto& [key, share] : shares) sum += information(share);
            const double gain = (sum - known_information) * chance_to_judge(v);
            const bool same = best && std::abs(gain - best_gain) <= 1e-12;
            if (same ? comes_before(v, *best) : gain > best_gain) {
                best = v;
                best_gain = gain;
                best_information = sum;
            }
        }
        if (!best) break;
        chosen.push_back(*best);
        known_information = best_information;
        for (size_t change = 0; change < history_.size(); ++change)
            part[change] = part[change] * 2 + (history_.has(*best, change) ? 1 : 0);
    }
    return chosen;
}

void Search::told(size_t version, Judgement judgement) {
    if (judgement == Judgement::unknown) {
        unknown_[version] = true;
        return;
    }
    judged_[version] = true;
    const double fits = 1 - options_.noise, contradicts = options_.noise;
    std::vector<double> updated = weights_;
    for (size_t change = 0; change < updated.size(); ++change) {
        const bool expected = history_.has(version, change);
        updated[change] *= expected == (judgement == Judgement::present) ? fits : contradicts;
    }
    // Judgements that contradict each other, where none may be wrong: the last one is not believed.
    if (std::accumulate(updated.begin(), updated.end(), 0.0) <= 0) return;
    weights_ = std::move(updated);
    normalize();
}

Search::Answer Search::answer() const {
    std::vector<size_t> likely(weights_.size());
    std::iota(likely.begin(), likely.end(), size_t{0});
    std::erase_if(likely, [&](size_t v) { return weights_[v] <= 0; });
    std::ranges::stable_sort(likely, std::greater(), [&](size_t v) { return weights_[v]; });
    const double wanted = options_.noise > 0 ? options_.confidence : 1.0 - 1e-9;
    Answer answer;
    for (const size_t v : likely) {
        answer.candidates.push_back(v);
        answer.probability += weights_[v];
        if (answer.probability >= wanted) break;
    }
    return answer;
}

}  // namespace rehang
