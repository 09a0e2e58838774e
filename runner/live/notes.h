// What the kernel shows of processes beyond their waits: where they are in the kernel, how they ended.
#pragma once

#include <string>
#include <vector>

#include "diagnose/diagnosis.h"

namespace rehang {

// Of each thread in uninterruptible sleep: where in the kernel it is; with the kernel's stack as far as this
// user may see it. A sentence each.
std::vector<std::string> tell_uninterruptible(const Diagnosis& diagnosis);
// Of each zombie: how it ended, and who would have to wait for it. A sentence each.
std::vector<std::string> tell_ended(const Diagnosis& diagnosis);

}  // namespace rehang
