// Recorded files of tests/backtraces.
#pragma once

#include <string>

#include "match/sighting.h"

namespace rehang {

std::string recorded(const std::string& name);
Sighting recorded_backtrace(const std::string& name);
RunReport recorded_report(const std::string& name);  // of its first run

}  // namespace rehang
