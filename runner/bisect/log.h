// What a bisect has found out so far, in a file: one that was broken off goes on from there. Pure text; one JSON object a
// line, the first says what the bisect is about.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "bisect/search.h"

namespace rehang {

// Two bisects with the same of these ask the same question.
struct Question {
    std::string scenario, param, find;
    std::vector<std::string> versions;
    std::string good, bad;
    bool operator==(const Question&) const = default;
};

struct LoggedVersion {
    std::string version;
    Judgement judgement{};
    std::string text;       // what was seen
    std::string signature;  // of the bug
};

// With a newline at the end, and none before.
std::string to_line(const Question& question);
std::string to_line(const LoggedVersion& version);

// Errors, with NAME:LINE: a line that can't be read, a log of another question, a version that is none. A last line without
// a newline was broken off in the middle, and does not count.
Expected<std::vector<LoggedVersion>> read_log(std::string_view text, std::string_view name, const Question& question);

}  // namespace rehang
