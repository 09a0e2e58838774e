#include "bisect/debian_package.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ranges>
#include <sstream>

#include "bisect/debian_version.h"

namespace rehang {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view example =
    "--versions debian:libtcmalloc-minimal4, debian:libtcmalloc-minimal4:arm64, or "
    "debian:libtcmalloc-minimal4@bookworm,trixie";
constexpr std::string_view renamed = "t64";
constexpr std::string_view backports = "-backports";

Strings lines_of(std::string_view text) {
    Strings lines;
    std::istringstream in{std::string(text)};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

Strings words_of(const std::string& line) {
    Strings words;
    std::istringstream in(line);
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

// Nothing that apt would take for an option, for a file, or for a pattern that fits several packages.
bool is_name(std::string_view text) {
    const auto is_part = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    };
    return text.size() >= 2 && text.front() != '-' && text.front() != '+' && text.front() != '.' &&
           std::ranges::all_of(text, is_part);
}

// "2.10" begins 2.10-1 and 2.10+dfsg, but not 2.101.
bool begins(std::string_view name, std::string_view version) {
    if (name.empty() || !version.starts_with(name)) return false;
    const std::string_view rest = version.substr(name.size());
    return rest.empty() || rest.front() == '.' || rest.front() == '-' || rest.front() == '+' ||
           rest.front() == '~';
}

std::string_view without_epoch(std::string_view version) {
    const size_t colon = version.find(':');
    return colon == std::string_view::npos ? version : version.substr(colon + 1);
}

bool has_name(const DebianVersion& version, std::string_view name) {
    return version.version == name || without_epoch(version.version) == name ||
           std::ranges::find(version.releases, name) != version.releases.end();
}

std::string release_below(const std::string& release) {
    if (release.ends_with(backports)) return release.substr(0, release.size() - backports.size());
    return release == "experimental" ? "sid" : "";
}

}  // namespace

Expected<DebianPackage> read_debian_package(std::string_view rest) {
    DebianPackage package{.name = {}, .architecture = "amd64", .releases = {}};
    if (const size_t at = rest.find('@'); at != std::string_view::npos) {
        for (const auto part : rest.substr(at + 1) | std::views::split(','))
            package.releases.emplace_back(part.begin(), part.end());
        if (package.releases.empty()) package.releases.emplace_back();
        rest = rest.substr(0, at);
    }
    if (const size_t colon = rest.find(':'); colon != std::string_view::npos) {
        package.architecture = rest.substr(colon + 1);
        rest = rest.substr(0, colon);
    }
    package.name = rest;
    Strings all = package.releases;
    all.insert(all.begin(), {package.name, package.architecture});
    for (const std::string& name : all)
        if (!is_name(name))
            return misuse(fmt::format("\"{}\" in --versions can't be the name of a Debian {}", name,
                                      &name == all.data()       ? "package"
                                      : &name == all.data() + 1 ? "architecture"
                                                                : "release"),
                          std::string(example));
    for (const std::string& release : package.releases)
        if (std::ranges::count(package.releases, release) > 1)
            return misuse(fmt::format("the release {} comes twice in --versions", release), "each one once");
    return package;
}

const Strings& debian_releases() {
    static const Strings releases = {"buster",
                                     "bullseye",
                                     "bullseye-backports",
                                     "bookworm",
                                     "bookworm-backports",
                                     "trixie",
                                     "trixie-backports",
                                     "forky",
                                     "sid"};
    return releases;
}

Strings debian_names(const std::string& package) {
    if (package.ends_with(renamed)) return {package, package.substr(0, package.size() - renamed.size())};
    return {package, package + std::string(renamed)};
}

std::vector<DebianSuite> suites_of(const std::string& release) {
    std::vector<DebianSuite> suites = {{.name = release}};
    const std::string below = release_below(release);
    if (!below.empty()) suites.push_back({.name = below});
    const std::string stable = below.empty() ? release : below;
    if (stable == "sid") return suites;
    suites.push_back({.name = stable + "-updates"});
    suites.push_back({.name = stable + "-security", .security = true});
    return suites;
}

Strings missing_suites(std::string_view errors) {
    Strings missing;
    for (const std::string& line : lines_of(errors)) {
        std::string suite;
        if (line.contains("does not have a Release file")) {
            // E: The repository 'http://deb.debian.org/debian nosuch Release' does not have a Release file.
            const Strings words = words_of(line.substr(std::min(line.find('\''), line.size())));
            if (words.size() > 1) suite = words[1];
        } else if (line.contains("File not found - ")) {
            // E: Failed to fetch file:/x/debian/dists/nosuch/main/…  File not found - /x/debian/…
            constexpr std::string_view before = "/dists/";
            const size_t begin = line.find(before);
            if (begin == std::string::npos) continue;
            suite = line.substr(begin + before.size());
            suite.resize(std::min(suite.find('/'), suite.size()));
        }
        if (!suite.empty() && std::ranges::find(missing, suite) == missing.end())
            missing.push_back(std::move(suite));
    }
    return missing;
}

std::string first_error(std::string_view errors) {
    constexpr std::string_view mark = "E: ", fetch = "Failed to fetch ";
    for (const std::string& line : lines_of(errors)) {
        if (!line.starts_with(mark)) continue;
        std::string text = line.substr(mark.size());
        // The reason stands behind the URI.
        if (const size_t reason = text.find("  "); text.starts_with(fetch) && reason != std::string::npos)
            text = text.substr(reason + 2);
        while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
        return text;
    }
    return "";
}

std::string unmet_dependency(std::string_view output) {
    for (const std::string& line : lines_of(output))
        // " libx1 : Depends: liby1 (>= 2) but it is not installable"
        if (line.starts_with(' ') && line.contains(" : ") && line.contains("epends: "))
            return fmt::format("{}", fmt::join(words_of(line), " "));
    return "";
}

bool only_gone(std::string_view errors) {
    bool gone = false;
    for (const std::string& line : lines_of(errors)) {
        if (!line.contains("Failed to fetch ")) continue;
        gone = line.contains("404  Not Found") || line.contains("File not found");
        if (!gone) return false;
    }
    return gone;
}

DebianOffer offer_in(std::string_view madison, const std::string& release, const Strings& names) {
    Strings own = {release, release + "-updates", release + "-security"};
    for (const std::string& name : names) {
        DebianOffer best{.release = release, .package = name, .version = {}};
        for (const std::string& line : lines_of(madison)) {
            // libx1 | 2.10-1 | http://deb.debian.org/debian bookworm/main arm64 Packages
            const Strings words = words_of(line);
            if (words.size() < 8 || words[0] != name || words[7] != "Packages") continue;
            const std::string suite = words[5].substr(0, words[5].find('/'));
            if (std::ranges::find(own, suite) == own.end()) continue;
            if (best.version.empty() || compare_debian_versions(best.version, words[2]) < 0)
                best.version = words[2];
        }
        if (!best.version.empty()) return best;
    }
    return {.release = release, .package = names.front(), .version = {}};
}

std::vector<DebianVersion> versions_of(const std::vector<DebianOffer>& offers) {
    std::vector<DebianVersion> versions;
    for (const DebianOffer& offer : offers) {
        if (offer.version.empty()) continue;
        const auto known = std::ranges::find(versions, offer.version, &DebianVersion::version);
        if (known != versions.end())
            known->releases.push_back(offer.release);
        else
            versions.push_back({.version = offer.version,
                                .package = offer.package,
                                .releases = {offer.release},
                                .shown = {}});
    }
    for (DebianVersion& version : versions)
        version.shown = fmt::format("{} ({})", version.version, fmt::join(version.releases, ", "));
    std::ranges::stable_sort(versions, [](const DebianVersion& a, const DebianVersion& b) {
        return compare_debian_versions(a.version, b.version) < 0;
    });
    return versions;
}

Expected<size_t> version_named(const std::vector<DebianVersion>& versions, std::string_view name) {
    std::vector<size_t> exact, begun;
    for (size_t i = 0; i < versions.size(); ++i) {
        if (has_name(versions[i], name)) exact.push_back(i);
        if (begins(name, versions[i].version) || begins(name, without_epoch(versions[i].version)))
            begun.push_back(i);
    }
    const auto& found = exact.empty() ? begun : exact;
    if (found.size() == 1) return found.front();
    Strings those;
    for (size_t i = 0; i < versions.size(); ++i)
        if (found.empty() || std::ranges::find(found, i) != found.end()) those.push_back(versions[i].shown);
    if (found.empty())
        return misuse(fmt::format("there is no version {}", name),
                      fmt::format("there are {}", fmt::join(those, ", ")));
    return misuse(fmt::format("{} may be several versions", name),
                  fmt::format("name one of {}", fmt::join(those, ", ")));
}

std::vector<DebianFile> read_uris(std::string_view lines) {
    std::vector<DebianFile> files;
    for (const std::string& line : lines_of(lines)) {
        // 'URI' NAME SIZE CHECKSUM
        const size_t end = line.starts_with('\'') ? line.find('\'', 1) : std::string::npos;
        if (end == std::string::npos) continue;
        const Strings words = words_of(line.substr(end + 1));
        if (words.size() < 2) continue;
        files.push_back(
            {.uri = line.substr(1, end - 1), .name = words[0], .checksum = words.size() > 2 ? words[2] : ""});
    }
    std::ranges::sort(files, {}, &DebianFile::name);
    return files;
}

std::string local_path(std::string_view uri) {
    constexpr std::string_view scheme = "file:";
    if (!uri.starts_with(scheme)) return "";
    uri.remove_prefix(scheme.size());
    if (uri.starts_with("//")) uri.remove_prefix(2);
    std::string path;
    for (size_t i = 0; i < uri.size(); ++i) {
        int code = 0;
        if (uri[i] == '%' && i + 2 < uri.size() &&
            std::from_chars(&uri[i + 1], &uri[i + 1] + 2, code, 16).ptr == &uri[i + 1] + 2) {
            path += static_cast<char>(code);
            i += 2;
        } else {
            path += uri[i];
        }
    }
    return path;
}

}  // namespace rehang
