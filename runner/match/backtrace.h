// The text of gdb's `thread apply all bt`, of one process or several, as people paste it.
#pragma once

#include <string>
#include <string_view>

#include "match/sighting.h"

namespace rehang {

// Any text: what is not understood is left out. In time linear in the text. A new process begins where a line
// names one ("Attaching to process 12", "=== pid 12 ===", "[Inferior 1 (process 12) detached]", "PID 12 -
// process"), and where the numbers of threads begin anew.
Sighting read_backtrace(std::string_view text, std::string title);

}  // namespace rehang
