#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/terminal.h"

namespace rehang {

ExitCode check(const Arguments& arguments) {
    const LoadedScenarios loaded = load_scenarios(arguments);
    if (loaded.broken) return ExitCode::broken;
    const size_t count = loaded.scenarios.size();
    return put(fmt::format("{} scenario{}, no mistakes\n", count, count == 1 ? "" : "s"))
               ? ExitCode::as_expected
               : ExitCode::closed_output;
}

}  // namespace rehang
