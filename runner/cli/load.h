// From the arguments of a command to checked scenarios; whatever is wrong with any of them is told, all in
// one go.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "replay/prepare.h"

namespace rehang {

struct LoadedScenario {
    std::string file;
    Params set;  // what --set and --matrix make of its parameters
    Prepared prepared;
};

struct LoadedScenarios {
    std::vector<LoadedScenario> scenarios;  // a file once for each combination of --matrix
    bool broken = false;  // something was wrong, and has been printed on stderr
};

LoadedScenarios load_scenarios(const Arguments& arguments);

// The *.toml files of a folder and the folders in it, sorted. Errors: not a folder, none in it.
Expected<std::vector<std::string>> scenarios_in(const std::string& folder);
// "rehang: WHAT" and the hint, on stderr.
void print_error(const Error& error);

}  // namespace rehang
