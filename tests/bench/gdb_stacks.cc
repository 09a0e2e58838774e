#include "gdb_stacks.h"

#include <string>

#include "command.h"

namespace rehang::bench {

Expected<std::optional<double>> time_gdb(const std::vector<pid_t>& pids) {
    double ms = 0;
    for (const pid_t pid : pids) {
        const auto gdb = run({"gdb", "-batch", "-p", std::to_string(pid), "-ex", "thread apply all bt"});
        if (!gdb) return std::unexpected(gdb.error());
        ms += gdb->ms;
    }
    return pids.empty() ? std::nullopt : std::optional(ms);
}

}  // namespace rehang::bench
