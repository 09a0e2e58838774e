// RunReport for people: calm, aligned, one screen for the usual hang.
#pragma once

#include <string>
#include <vector>

#include "report/run_report.h"

namespace rehang {

struct TextStyle {
    bool colour = false;
    unsigned width = 100;   // columns to wrap at
    bool numbered = false;  // one of several repetitions: lines tell which
    bool timeline = false;  // tell what happened when
};

// The whole report of one run: verdict line, process tree, who waits for whom, stacks, explanation, what came
// out differently.
std::string render(const RunReport& report, const TextStyle& style);
// One line: "✓ NAME  hung: inherited-lock, proven  34 ms".
std::string render_line(const RunReport& report, const TextStyle& style);

}  // namespace rehang
