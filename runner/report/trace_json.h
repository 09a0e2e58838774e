// What happened when, in the Chrome trace event format, which ui.perfetto.dev and chrome://tracing open.
// Source: "Trace Event Format",
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "report/run_report.h"

namespace rehang {

// One group of processes a run, one track a thread, and one for the runner itself. Times are microseconds
// from the moment in which the run's first [[process]] was let go, so that runs lie above each other. Lives,
// holds, waits and looks are complete events (X), everything else is an instant (i); arrows (s, f) go from
// who forks to who is born, and from who reaches a point to whom that lets go.
nlohmann::json trace_document(const std::vector<RunReport>& runs);

}  // namespace rehang
