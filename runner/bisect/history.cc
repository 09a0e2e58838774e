#include "bisect/history.h"

namespace rehang {

History History::list(size_t versions) {
    std::vector<std::vector<size_t>> parents(versions);
    for (size_t v = 1; v < versions; ++v) parents[v] = {v - 1};
    return of(parents);
}

History History::of(const std::vector<std::vector<size_t>>& parents) {
    History history;
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

}  // namespace rehang
