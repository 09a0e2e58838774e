// What the standard streams are connected to, and how to write there.
#pragma once

#include <chrono>
#include <string_view>

#include "report/text.h"

namespace rehang {

// Colour and width for stdout: plain when it is no terminal, when NO_COLOR is set (no-color.org), and when
// `quiet`.
TextStyle stdout_style(bool quiet);

// Writes to stdout at once. False: nobody reads it any more.
[[nodiscard]] bool put(std::string_view text);

// A line on stderr that says how far the work is, once it has taken a second; nothing where stderr is no
// terminal or when `quiet`.
class Progress {
  public:
    Progress(size_t all, bool quiet);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() { hide(); }

    void show(size_t done);
    void show(std::string_view what);  // of work without a known end
    void hide();                       // before other text goes to the terminal

  private:
    size_t all_;
    bool wanted_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace rehang
