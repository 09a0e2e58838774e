// Is what was reproduced the hang that was seen? An answer with its reasons.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "match/likeness.h"
#include "match/sighting.h"

namespace rehang {

// A thread goes with another one from here on, and so must each one that the others wait for in the end.
constexpr double thread_threshold = 0.5;
// And so much of the whole must agree.
constexpr double total_threshold = 0.5;
// What a thread counts that the others wait for in the end; the others count 1.
constexpr double origin_weight = 3;

struct ThreadMatch {
    std::string reproduced;           // "probe/1/1 main"
    std::optional<std::string> seen;  // "process 16080 thread 1 (LWP 16080)"; nothing: no thread is like it
    bool origin = false;
    double weight = 1;
    double score = 0;
    WaitClass wait_reproduced = WaitClass::any, wait_seen = WaitClass::any;
    std::vector<std::string> names_reproduced, names_seen;  // what was compared
    std::vector<FramePair> pairs;
};

struct ProcessMatch {
    std::string reproduced;
    std::optional<std::string> seen;
};

enum class Basis {
    stacks,
    waits,  // the report's stacks have no names: those of a program that another one executes (qemu-user)
};

struct Comparison {
    bool same = false;
    double score = 0;  // 0 to 1
    Basis basis = Basis::stacks;
    std::vector<std::string> reasons;  // sentences: why, or why not
    std::vector<ProcessMatch> processes;
    std::vector<ThreadMatch> threads;
    std::vector<std::string> left_over;  // seen, and like nothing in the report
};

Comparison compare(const Sighting& reproduced, const Sighting& seen);

}  // namespace rehang
