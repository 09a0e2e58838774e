// Reports without what differs from run to run, for golden comparisons.
#pragma once

#include <string>

namespace rehang::e2e {

// Times become "T ms" (and the spaces before them one), addresses 0xADDR, versions in library names and
// offsets disappear.
std::string normal_form(std::string text);
// All white space becomes one space: where lines break depends on how long a pipe's number was.
std::string unwrapped(const std::string& text);

}  // namespace rehang::e2e
