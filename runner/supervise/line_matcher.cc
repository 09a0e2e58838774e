#include "supervise/line_matcher.h"

#include <algorithm>

namespace rehang {

unsigned LineMatcher::feed(std::string_view text) {
    unsigned found = 0;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        const bool complete = end != std::string_view::npos;
        const std::string_view part = text.substr(0, end);
        line_.append(part.substr(0, longest_line - line_.size()));
        found += matches(complete);
        if (complete) {
            line_.clear();
            counted_ = false;
        }
        text.remove_prefix(complete ? end + 1 : text.size());
    }
    return found;
}

unsigned LineMatcher::matches(bool complete) {
    if (counted_ || !pattern_.found_in(line_, complete)) return 0;
    counted_ = true;
    return 1;
}

}  // namespace rehang
