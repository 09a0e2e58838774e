#include "campaign/annotations.h"

#include <fmt/format.h>

namespace rehang {
namespace {

// As the runner of the actions reads them (actions/toolkit, command.ts).
std::string escaped(std::string_view text, bool property) {
    std::string result;
    for (const char c : text) {
        if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
            result += fmt::format("%{:02X}", static_cast<unsigned>(c));
        else
            result += c;
    }
    return result;
}

}  // namespace

std::string github_annotations(const std::vector<Tally>& tallies) {
    std::string text;
    for (const Tally& tally : tallies) {
        if (tally.good()) continue;
        const std::string message =
            tally.details.empty() ? tally.trouble : fmt::format("{}\n\n{}", tally.trouble, tally.details);
        text += fmt::format("::{} file={},title={}::{}\n", tally.skipped() ? "notice" : "error",
                            escaped(tally.file, true), escaped(tally.name(), true), escaped(message, false));
    }
    return text;
}

}  // namespace rehang
