#include <algorithm>
#include <filesystem>
#include <iterator>

#include "scenario/parse.h"
#include "scenario/read_device.h"
#include "scenario/read_text.h"
#include "scenario/references.h"

namespace rehang {
namespace {

std::string absolute_folder(const std::string& file) {
    std::error_code no_current_folder;
    const auto absolute = std::filesystem::absolute(file, no_current_folder);
    return no_current_folder ? std::string("/") : absolute.lexically_normal().parent_path().string();
}

// Their mistakes are those of the scenario.
void load_devices(ParsedScenario& parsed) {
    for (FakeDecl& fake : parsed.scenario.fakes) {
        if (!fake.file || has_references(fake.file->value)) continue;
        const auto folder = std::filesystem::path(parsed.scenario.file).parent_path();
        ParsedDevice device = load_device((folder / fake.file->value).string());
        if (!device.diagnostics.empty() && device.diagnostics.front().at == Span{})
            device.diagnostics.push_back({.severity = Diagnostic::Severity::note,
                                          .file = parsed.scenario.file,
                                          .at = fake.file->at,
                                          .message = "this fake wants it",
                                          .hint = {}});
        std::ranges::move(device.diagnostics, std::back_inserter(parsed.diagnostics));
        fake.description = std::move(device.description);
    }
}

}  // namespace

ParsedScenario load_scenario(const std::string& file) {
    auto text = read_text(file, "scenario");
    if (!text) {
        ParsedScenario nothing;
        nothing.scenario.file = file;
        nothing.diagnostics.push_back(
            {.file = file, .at = {}, .message = text.error().message, .hint = text.error().hint});
        return nothing;
    }
    ParsedScenario parsed = parse_scenario(*text, file);
    parsed.scenario.folder = absolute_folder(file);
    load_devices(parsed);
    return parsed;
}

}  // namespace rehang
