// JUnit's XML, as CI systems read it: one test case for each scenario, its parameters and role. There is no
// standard; this is what Ant's schema wants, which is the strictest, and what Jenkins', GitLab and the usual
// GitHub actions take as well. Pure.
#pragma once

#include <string>
#include <vector>

#include "campaign/tally.h"

namespace rehang {

struct JUnitOrigin {
    std::string hostname;   // of the machine that writes it
    std::string timestamp;  // when it began: "2026-11-26T14:30:00", without a time zone
    std::string rehang;     // the version
};

// The time of a case is that of all its runs; a case fails when any of its runs was not as expected, with the
// explanation of the first one; it is skipped when this host can't run it, and an error when the runner
// failed. Texts are what xml_text leaves of them.
std::string junit_xml(const std::vector<Tally>& tallies, const JUnitOrigin& origin);

}  // namespace rehang
