#include "cli/report_files.h"

#include <fmt/format.h>

#include <fstream>

namespace rehang {

Expected<ReportFile> read_report_file(const std::string& name) {
    std::ifstream stream(name);
    if (!stream) {
        auto error = failure(fmt::format("can't read {}", name));
        error.error().kind = Error::Kind::usage;
        return error;
    }
    ReportFile file{.name = name, .document = nlohmann::json::parse(stream, nullptr, false)};
    if (!file.document.is_discarded()) return file;
    return misuse(fmt::format("{} is no JSON", name), "reports are what `rehang run --json FILE` writes");
}

}  // namespace rehang
