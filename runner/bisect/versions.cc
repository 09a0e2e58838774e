#include "bisect/versions.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/files.h"

namespace rehang {
namespace {

using Strings = std::vector<std::string>;

Strings parts_of(std::string_view text, char separator) {
    Strings parts;
    for (size_t begin = 0; begin <= text.size();) {
        const size_t end = std::min(text.find(separator, begin), text.size());
        parts.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

Expected<Strings> in_file(const std::string& name) {
    const auto text = read_file(name);
    if (!text) return misuse(text.error().what, "a file with one version a line, the oldest first");
    Strings lines = parts_of(*text, '\n');
    for (std::string& line : lines)
        if (line.ends_with('\r')) line.pop_back();
    std::erase_if(lines, [](const std::string& line) { return line.empty() || line.starts_with('#'); });
    return lines;
}

Expected<Strings> in_folder(const std::string& pattern) {
    glob_t found{};
    const int result = ::glob(pattern.c_str(), 0, nullptr, &found);
    Strings paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (result != 0)
        return misuse(fmt::format("nothing fits {}", pattern), "--versions 'dir:builds/*/libx.so'");
    std::ranges::stable_sort(paths, [](const std::string& a, const std::string& b) {
        return ::strverscmp(a.c_str(), b.c_str()) < 0;
    });
    return paths;
}

Expected<Strings> in_source(std::string_view source) {
    const size_t colon = source.find(':');
    const std::string_view kind = source.substr(0, colon);
    const std::string rest(colon == std::string_view::npos ? "" : source.substr(colon + 1));
    if (rest.empty() || (kind != "list" && kind != "file" && kind != "dir"))
        return misuse(fmt::format("--versions wants list:A,B,C or file:NAME or dir:PATTERN or git:REPOSITORY "
                                  "or debian:PACKAGE, not \"{}\"",
                                  source),
                      "example: --versions list:libx-1.so,libx-2.so,libx-3.so");
    if (kind == "list") return parts_of(rest, ',');
    return kind == "file" ? in_file(rest) : in_folder(rest);
}

}  // namespace

Expected<Strings> read_versions(std::string_view source) {
    auto versions = in_source(source);
    if (!versions) return versions;
    std::set<std::string> seen;
    for (const std::string& version : *versions) {
        if (version.empty())
            return misuse("a version of --versions is empty", "list:A,B,C without spare commas");
        if (!seen.insert(version).second)
            return misuse(fmt::format("the version {} comes twice in --versions", version), "each one once");
    }
    if (versions->size() < 2)
        return misuse("--versions has fewer than two versions",
                      "the good one, the bad one, and those between");
    return versions;
}

}  // namespace rehang
