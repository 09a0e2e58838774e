// JUnit's XML, as CI systems read it: one test case for each scenario, its parameters and role. There is no standard;
// this is what Jenkins' schema (junit-10.xsd), GitLab and the usual GitHub actions have in common. Pure.
#pragma once

#include <string>
#include <vector>

#include "campaign/tally.h"

namespace rehang {

// The time of a case is that of all its runs; a case fails when any of its runs was not as expected, with the
// explanation of the first one; it is skipped when this host can't run it, and an error when the runner failed.
// Characters that XML has not, such as those of a terminal's colours, become U+FFFD.
std::string junit_xml(const std::vector<Tally>& tallies);

}  // namespace rehang
