// Where `rehang bisect` has its versions from.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "bisect/builds.h"
#include "bisect/history.h"
#include "cli/commands.h"

namespace rehang {

// The versions in question, the older one of --good and --bad first, the newer one last.
struct Source {
    std::vector<std::string> names;
    std::vector<std::string> shown;  // the same for people
    History history;
    std::optional<Builds> builds;  // of commits: the parameter's value is what was built

    size_t index_of(const std::string& name) const {
        return static_cast<size_t>(std::ranges::find(names, name) - names.begin());
    }
};

bool finds_fix(const Arguments& arguments);

// What --versions names, from the older one of --good and --bad to the newer one. Names of commits in --good
// and --bad are replaced by the commits.
Expected<Source> source_of(Arguments& arguments);

}  // namespace rehang
