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
    std::uint64_t seed = 0;
    size_t plan = 0;  // index into the plans of the file
    int repeat = 1;
    std::string keep;     // folder; "" keeps nothing
    std::string core;     // folder for core files; "" writes none
    bool events = false;  // the report has the timeline
    bool stand = false;   // before targets that are left are ended, tell the command, and wait for its word
};

// With a newline at the end, and none before.
std::string to_line(const Job& job);
Expected<Job> job_from_line(std::string_view line);

struct Answer {
    enum class Stage {
        complete,
        standing,  // the targets stand still; the worker waits for an Order
        left,      // the worker stays with them, and does not end with the command any more
    };
    Expected<RunReport> result;
    Stage stage = Stage::complete;
};
std::string to_line(const Answer& answer);
Answer answer_from_line(std::string_view line);

// What a worker whose targets stand still is told.
enum class Order {
    end,    // end the targets; the report comes once more, complete
    leave,  // stay with them: the last answer is Stage::left (keeper.h)
};
std::string to_line(Order order);
Order order_from_line(std::string_view line);  // `end` for whatever is no order

}  // namespace rehang
