#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace rehang {
namespace {

bool is_plain() {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    return (no_color && *no_color) || (term && std::string_view(term) == "dumb");
}

}  // namespace

TextStyle stdout_style(bool quiet) {
    TextStyle style;
    if (!::isatty(STDOUT_FILENO)) return style;
    constexpr unsigned widest = 120;  // longer lines are hard to read
    winsize size = {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        style.width = std::min<unsigned>(size.ws_col, widest);
    style.colour = !quiet && !is_plain();
    return style;
}

bool put(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

Progress::Progress(size_t all, bool quiet)
    : all_(all), wanted_(!quiet && !is_plain() && ::isatty(STDERR_FILENO)) {}

void Progress::show(size_t done) {
    show(fmt::format("{} of {} runs", done, all_));
}

void Progress::show(std::string_view what) {
    const auto elapsed = std::chrono::steady_clock::now() - start_;
    if (!wanted_ || elapsed < std::chrono::seconds(1)) return;
    fmt::print(stderr, "\r\x1b[K{}, {} s", what,
               std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
    shown_ = true;
}

void Progress::hide() {
    if (std::exchange(shown_, false)) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace rehang
