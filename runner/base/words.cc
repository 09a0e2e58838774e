#include "base/words.h"

#include <algorithm>

namespace rehang {

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> all;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        all.emplace_back(word);
    }
    return all;
}

}  // namespace rehang
