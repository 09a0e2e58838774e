// A git repository with the life of a small allocator (pool_source.h), of which all is known: it has merges
// of branches that overlap, commits that do not build, and some that abort for another reason. The look after
// its lock at fork is added, is lost when the source is put in order, and is added again. The same each time.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "pool_source.h"

namespace rehang::history {

struct PoolCommit {
    std::string id;  // of git
    std::string subject;
    std::vector<size_t> parents;  // smaller numbers
    PoolState state;
    std::vector<size_t> changes;  // of whom it has what they changed, itself included
};

// Something to be found out, by `rehang bisect`.
struct PoolQuestion {
    std::string name;
    bool finds_fix = false;
    std::string older, newer;  // tags; whoever has the change was made from the older one
    size_t answer = 0;         // the commit's number
};

struct PoolHistory {
    std::string path;
    std::vector<PoolCommit> commits;  // parents before children
    std::vector<PoolQuestion> questions;

    const PoolCommit& of(const std::string& id) const;
};

// In a new folder. Errors: git can't make it.
Expected<PoolHistory> make_pool_history(const std::string& folder);

}  // namespace rehang::history
