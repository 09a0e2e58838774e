#include "normal_form.h"

#include <regex>

namespace rehang::e2e {

std::string normal_form(std::string text) {
    const auto put = [&text](const char* pattern, const char* with) {
        text = std::regex_replace(text, std::regex(pattern), with);
    };
    put(" +[0-9]+(\\.[0-9]+)? ms", " T ms");
    put("0x[0-9a-f]{6,}", "0xADDR");
    put("\\+0x[0-9a-f]+", "+OFFSET");
    put("\\.so\\.[0-9.]*[0-9]", ".so");
    return text;
}

}  // namespace rehang::e2e
