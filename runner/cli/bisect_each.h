// rehang bisect --each: what comes out of every version, without a search.
#pragma once

#include "cli/bisect_source.h"
#include "cli/commands.h"

namespace rehang {

// A line for each version, the oldest first, on stdout.
ExitCode bisect_each(const Arguments& arguments, const Source& source);

}  // namespace rehang
