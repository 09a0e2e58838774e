// What the command asks its workers, and what they answer: one JSON object a line.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "plan/plan.h"
#include "report/run_report.h"

namespace rehang {

// One run. The worker reads the scenario again: a plan is made from the file in one way only.
struct Job {
    std::string file;
    Params set;           // --set
    std::string targets;  // folder of the stand-in programs
    size_t plan = 0;      // index into the plans of the file
    int repeat = 1;
    std::string keep;     // folder; "" keeps nothing
    bool events = false;  // the report has the timeline
};

// With a newline at the end, and none before.
std::string to_line(const Job& job);
Expected<Job> job_from_line(std::string_view line);

std::string answer_line(const Expected<RunReport>& answer);
Expected<RunReport> answer_from_line(std::string_view line);

}  // namespace rehang
