// Reports that were written before: by other shards, or by an earlier run.
#pragma once

#include <string>

#include "base/error.h"
#include "campaign/merge.h"

namespace rehang {

// Errors: it can't be read, or is no JSON.
Expected<ReportFile> read_report_file(const std::string& name);

}  // namespace rehang
