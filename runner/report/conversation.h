// What came of what a process said by QMP.
#pragma once

#include <string_view>

#include "plan/plan.h"
#include "report/run_report.h"

namespace rehang {

// `printed` is what the speaker (fakes/targets/qmp_speaker.cc) wrote: one JSON object a line. What was cut
// off, or is no such line, is passed over.
QmpReport read_conversation(const PlannedProcess& speaker, std::string_view printed);

}  // namespace rehang
