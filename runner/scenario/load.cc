#include <filesystem>

#include "scenario/parse.h"
#include "scenario/read_text.h"

namespace rehang {
namespace {

std::string absolute_folder(const std::string& file) {
    std::error_code no_current_folder;
    const auto absolute = std::filesystem::absolute(file, no_current_folder);
    return no_current_folder ? std::string("/") : absolute.lexically_normal().parent_path().string();
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
    return parsed;
}

}  // namespace rehang
