// What GitHub shows beside a scenario that did not come out as expected: workflow commands, see
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands. Pure.
#pragma once

#include <string>
#include <vector>

#include "campaign/tally.h"

namespace rehang {

// A line for each that did not, "::error file=FILE,title=NAME::MESSAGE"; a "::notice" for one that can't run here.
std::string github_annotations(const std::vector<Tally>& tallies);

}  // namespace rehang
