#include "scenario/problems.h"

#include <fmt/format.h>

#include <algorithm>

namespace rehang {

void Problems::error(Span at, std::string message, std::string hint) {
    diagnostics_.push_back({.severity = Diagnostic::Severity::error,
                            .file = file_,
                            .at = at,
                            .message = std::move(message),
                            .hint = std::move(hint)});
}

Diagnostics Problems::take() && {
    sort_by_place(diagnostics_);
    const auto [rest, end] = std::ranges::unique(diagnostics_, [](const Diagnostic& a, const Diagnostic& b) {
        return a.at == b.at && a.message == b.message;
    });
    diagnostics_.erase(rest, end);
    if (diagnostics_.size() > most_shown) {
        const size_t hidden = diagnostics_.size() - most_shown;
        diagnostics_.resize(most_shown);
        error(diagnostics_.back().at, fmt::format("{} more mistakes after this one are not shown", hidden));
    }
    return std::move(diagnostics_);
}

}  // namespace rehang
