#include "normal_form.h"

#include <regex>

namespace rehang::e2e {

std::string normal_form(std::string text) {
    const auto put = [&text](const char* pattern, const char* with) {
        text = std::regex_replace(text, std::regex(pattern), with);
    };
    put(" +[0-9]+(\\.[0-9]+)? ms", " T ms");
    put("pipe:\\[[0-9]+\\]", "pipe:[N]");
    return text;
}

std::string unwrapped(const std::string& text) {
    return std::regex_replace(text, std::regex("\\s+"), " ");
}

}  // namespace rehang::e2e
