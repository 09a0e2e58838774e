// The commits of a git repository between two of them. Reads by git itself (rev-list(1)), writes nothing there.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "bisect/history.h"

namespace rehang {

struct Commits {
    std::vector<std::string> ids;  // full; the older end first, parents before children
    History history;               // whose version N is ids[N]
};

// What `newer` was made from and `older` was not, and `older` itself as version 0. Merges are followed on both sides.
// Errors: no repository, names that git does not know, `older` is no ancestor of `newer`.
Expected<Commits> commits_between(const std::string& repository, const std::string& older, const std::string& newer);

// "1a2b3c4d5e6f subject of the commit".
Expected<std::string> short_name(const std::string& repository, const std::string& commit);

}  // namespace rehang
