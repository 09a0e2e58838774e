// How much two stacks are alike.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "match/sighting.h"

namespace rehang {

enum class Likeness {
    none,
    similar,  // the names have most in common: qemuProcessQMPStart, qemuProcessQMPLaunch of another version
    same,
};
// Of canonical names. "SpinLock::SlowLock" is the same as "base::SpinLock::SlowLock".
Likeness likeness(std::string_view a, std::string_view b);

// What is compared of a stack: without the way into the kernel and the start of the thread.
struct TellingStack {
    std::vector<std::string> names;  // canonical, innermost first
    size_t unnamed = 0;              // frames without a name: they may be any of another stack's
    auto operator<=>(const TellingStack&) const = default;
};
TellingStack telling_part(const std::vector<SeenFrame>& stack);

struct FramePair {
    size_t a = 0, b = 0;  // places in the two lists of names
    Likeness likeness = Likeness::none;
};

struct StackLikeness {
    double score = 0;  // 0 to 1
    std::vector<FramePair> pairs;
};
// The best way to lay the stacks side by side in order. Each frame counts less than the one further in: where
// a thread waits says more than what its program does in general. A frame that only one of them has counts
// half for each frame without a name that the other one has.
StackLikeness compare_stacks(const TellingStack& a, const TellingStack& b);

}  // namespace rehang
