// Reports without what differs from run to run and from host to host, for golden comparisons.
#pragma once

#include <string>

namespace rehang::e2e {

// Times become "T ms" (and the spaces before them one), addresses 0xADDR, versions in library names and
// offsets disappear.
std::string normal_form(std::string text);

}  // namespace rehang::e2e
