// Finds a pattern in the lines of a stream, as they come in. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/pattern.h"

namespace rehang {

class LineMatcher {
  public:
    // Of longer lines the rest is not looked at.
    static constexpr size_t longest_line = 65536;

    explicit LineMatcher(Pattern pattern) : pattern_(std::move(pattern)) {}

    // How many more lines have the pattern now. A line counts once, and as soon as it can: an unfinished one
    // too, such as a prompt, but "$" fits only where a line has ended.
    unsigned feed(std::string_view text);

  private:
    unsigned matches(bool complete);

    Pattern pattern_;
    std::string line_;      // its beginning so far
    bool counted_ = false;  // the line has been found to match
};

}  // namespace rehang
