#include "match/clean_lines.h"

#include <algorithm>

namespace rehang {
namespace {

// SGR and other control sequences (ECMA-48, 5.4): ESC [ … letter.
size_t end_of_control(std::string_view text, size_t at) {
    at += 2;
    while (at < text.size() && (text[at] < '@' || text[at] > '~')) ++at;
    return std::min(at + 1, text.size());
}

// gdb's pager (utils.c, prompt_for_continue): "--Type <RET> for more, q to quit, c to continue without
// paging--", until gdb 8 "---Type <return> to continue, or q <return> to quit---". What was typed there may
// follow.
size_t end_of_prompt(std::string_view text, size_t at) {
    size_t end = text.find("--", text.find('<', at));
    if (end == std::string_view::npos) return text.size();
    while (end < text.size() && text[end] == '-') ++end;
    return end;
}

bool is_prompt(std::string_view text) {
    return text.starts_with("--Type <") || text.starts_with("---Type <");
}

std::string without_noise(std::string_view line) {
    std::string kept;
    for (size_t at = 0; at < line.size();) {
        const std::string_view rest = line.substr(at);
        if (rest.starts_with("\x1b[")) {
            at = end_of_control(line, at);
        } else if (rest.front() == '-' && is_prompt(rest)) {
            at = end_of_prompt(line, at);
            const std::string_view typed = line.substr(at);
            if (typed == "c" || typed == "q") break;
        } else {
            if (rest.front() != '\r' && rest.front() != '\0') kept += rest.front();
            ++at;
        }
    }
    return kept;
}

}  // namespace

bool CleanLines::next(std::string& line, bool& indented) {
    if (rest_.empty()) return false;
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    line = without_noise(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    // A mail's or a bug tracker's marks of a quotation.
    size_t start = 0;
    while (start < line.size() && (line[start] == '>' || line[start] == '|')) {
        ++start;
        if (start < line.size() && line[start] == ' ') ++start;
    }
    const size_t text = std::min(line.find_first_not_of(" \t", start), line.size());
    indented = text > start;
    line.erase(0, text);
    line.resize(line.find_last_not_of(" \t") + 1);
    return true;
}

}  // namespace rehang
