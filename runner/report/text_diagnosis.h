// A RunReport of a tree that was running already, for people.
#pragma once

#include "report/text.h"

namespace rehang {

// "✗ python3 (pid 12)  stuck: inherited-lock, proven", the tree, why, the stacks.
std::string render_diagnosis(const RunReport& report, const TextStyle& style);
// The first line only.
std::string diagnosis_line(const RunReport& report, const TextStyle& style);

}  // namespace rehang
