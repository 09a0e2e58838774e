// How to look at the targets of a run that stands still: commands for whoever wants to see for himself. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/run_report.h"
#include "report/text.h"

namespace rehang {

using Command = std::vector<std::string>;

// The process in which the innermost stuck thread is, otherwise the first one that still runs; null if none
// does.
const DiagnosedProcess* process_to_look_at(const RunReport& report);
// The processes that still exist, that one first.
std::vector<const DiagnosedProcess*> processes_to_look_at(const RunReport& report);

// gdb on a process, started inside its namespaces, so that it sees the files, pids and threads that the
// process sees. `options` go to gdb.
Command gdb_inside(const DiagnosedProcess& process, const Command& options);
// Options that select the innermost stuck thread, if it is in the process. They need a gdb with Python;
// others say so, and stay at the main thread.
Command select_innermost(const RunReport& report, const DiagnosedProcess& process);

// `rehang diagnose` with the processes that still exist: each is named, or descends from one that is.
Command diagnose_left(const RunReport& report);

// What to know before the prompt of a gdb on that process: verdict, thread, why.
std::string gdb_banner(const RunReport& report, const DiagnosedProcess& process, const TextStyle& style);

// As one would type it.
std::string typed(const Command& command);

}  // namespace rehang
