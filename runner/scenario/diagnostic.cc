#include "scenario/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace rehang {

bool has_errors(const Diagnostics& diagnostics) {
    return std::ranges::any_of(diagnostics,
                               [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::error; });
}

void sort_by_place(Diagnostics& diagnostics) {
    std::ranges::sort(diagnostics, [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.at.line, a.at.column, a.message) < std::tie(b.at.line, b.at.column, b.message);
    });
}

std::string format(const Diagnostic& diagnostic) {
    const auto& [severity, file, at, message, hint] = diagnostic;
    const std::string place = at.line > 0 ? fmt::format("{}:{}:{}", file, at.line, at.column) : file;
    const std::string_view kind = severity == Diagnostic::Severity::error ? "error" : "note";
    const std::string text = fmt::format("{}: {}: {}", place, kind, message);
    return hint.empty() ? text : fmt::format("{}\n    {}", text, hint);
}

}  // namespace rehang
