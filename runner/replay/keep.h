// --keep: what would vanish with the sandbox, copied to where it can be looked at.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"
#include "plan/plan.h"
#include "report/run_report.h"

namespace rehang {

// Before the sandbox ends: its private folders' content (regular files, folders and links; of a FIFO, socket
// or device only the name; nothing that the host has mounted there) goes below FOLDER/files, the output of
// each [[process]] to FOLDER/NAME.stdout and NAME.stderr. FOLDER must not exist, or be empty.
Expected<void> keep(const std::string& folder, pid_t init, const Plan& plan, const RunReport& report);

}  // namespace rehang
