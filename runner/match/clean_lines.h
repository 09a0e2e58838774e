// The lines of a text that somebody pasted: a debugger's own output, without what a terminal, a pager or a
// mail program put between.
#pragma once

#include <string>
#include <string_view>

namespace rehang {

class CleanLines {
  public:
    explicit CleanLines(std::string_view text) : rest_(text) {}
    // The next line; false at the end. `indented`: it began with a space.
    bool next(std::string& line, bool& indented);

  private:
    std::string_view rest_;
};

}  // namespace rehang
