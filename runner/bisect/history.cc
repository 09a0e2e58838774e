#include "bisect/history.h"

#include <algorithm>

namespace rehang {

History History::list(size_t versions) {
    std::vector<std::vector<size_t>> parents(versions);
    for (size_t v = 1; v < versions; ++v) parents[v] = {v - 1};
    return of(parents);
}

History History::of(const std::vector<std::vector<size_t>>& parents) {
    History history;
    history.parents_ = parents;
    for (size_t v = 0; v < parents.size(); ++v) {
        std::vector<bool> has(parents.size());
        has[v] = true;
        for (const size_t parent : parents[v])
            for (size_t change = 0; change <= parent; ++change)
                if (history.has_[parent][change]) has[change] = true;
        history.has_.push_back(std::move(has));
    }
    return history;
}

std::vector<size_t> History::children(size_t version) const {
    std::vector<size_t> children;
    for (size_t v = version + 1; v < parents_.size(); ++v)
        if (std::ranges::find(parents_[v], version) != parents_[v].end()) children.push_back(v);
    return children;
}

}  // namespace rehang
