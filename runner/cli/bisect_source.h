// Where `rehang bisect` has its versions from.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "bisect/all_at_once.h"
#include "bisect/history.h"
#include "bisect/made_version.h"
#include "cli/commands.h"

namespace rehang {

// The versions in question, the older one of --good and --bad first, the newer one last.
struct Source {
    std::vector<std::string> names;
    std::vector<std::string> shown;  // the same for people
    History history;
    std::string about;  // what to tell of them before the search; may be empty
    // Makes the values of those that have to be built or unpacked first, and calls `tick` meanwhile.
    std::function<Expected<std::vector<MadeVersion>>(const std::vector<std::string>& names, const Tick& tick)>
        make;
    std::string making;  // "building"

    size_t index_of(const std::string& name) const {
        return static_cast<size_t>(std::ranges::find(names, name) - names.begin());
    }
};

// The values of these versions, one that can't be made has none. With a line that says how far it is.
Expected<std::vector<MadeVersion>> make_versions(const Source& source, const std::vector<std::string>& names,
                                                 bool quiet);

bool finds_fix(const Arguments& arguments);

// What --versions names: with --each all of it, otherwise from the older one of --good and --bad to the newer
// one. Names of commits and of Debian's releases in --good and --bad are replaced by the versions.
Expected<Source> source_of(Arguments& arguments);

}  // namespace rehang
