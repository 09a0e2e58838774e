// The versions among which one brought a change, and which of them have it. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace rehang {

// Versions are numbered from 0. Of a list, each has what all before it brought; of a git history, each has what its
// ancestors brought.
class History {
  public:
    // A list of so many versions, the oldest first.
    static History list(size_t versions);
    // `parents[v]` are the versions that v was made from, all smaller than v.
    static History of(const std::vector<std::vector<size_t>>& parents);

    size_t size() const { return has_.size(); }
    // True when `version` is `change` or was made from it.
    bool has(size_t version, size_t change) const { return has_[version][change]; }
    // What a version was made from, and what was made from it.
    const std::vector<size_t>& parents(size_t version) const { return parents_[version]; }
    std::vector<size_t> children(size_t version) const;

  private:
    std::vector<std::vector<size_t>> parents_;  // by version
    std::vector<std::vector<bool>> has_;        // by version, by change
};

}  // namespace rehang
