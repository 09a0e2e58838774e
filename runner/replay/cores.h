// --core: core files of targets that stand still.
#pragma once

#include <string>

#include "report/run_report.h"

namespace rehang {

// Writes FOLDER/core.PATH (a / in the path becomes -) of each process that is left, with gdb's gcore, one
// after the other, and tells of them in the report; what went wrong with one is a note. The targets must not
// be traced. FOLDER must not exist, or be empty but for what --keep put there. Blocks for about a second a
// process, a minute at most.
void write_cores(RunReport& report, const std::string& folder);

}  // namespace rehang
