// Building blocks of the text report: colours, wrapped paragraphs, aligned columns. Widths count code points:
// the report uses no wide ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/text.h"

namespace rehang {

enum class Tone { good, bad, warn, title, faint };
std::string painted(std::string_view text, Tone tone, const TextStyle& style);

size_t columns_of(std::string_view text);
// `text` filled up with spaces to `columns`.
std::string padded(std::string_view text, size_t columns);

// `text` broken at spaces to style.width. The first line starts with `lead`, the following ones with as many
// spaces. Ends with a newline.
std::string wrapped(std::string_view lead, std::string_view text, const TextStyle& style);

// A section's title on its own line, after an empty line.
std::string section(std::string_view title, const TextStyle& style);

}  // namespace rehang
