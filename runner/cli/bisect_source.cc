#include "cli/bisect_source.h"

#include <fmt/format.h>

#include <memory>

#include "bisect/builds.h"
#include "bisect/debian_roots.h"
#include "bisect/git_history.h"
#include "bisect/versions.h"
#include "cli/terminal.h"
#include "host/cache_folder.h"
#include "report/text_layout.h"

namespace rehang {

Expected<std::vector<MadeVersion>> make_versions(const Source& source, const std::vector<std::string>& names,
                                                 bool quiet) {
    if (source.make) {
        std::vector<std::string> shown;
        for (const std::string& name : names) shown.push_back(source.shown[source.index_of(name)]);
        Progress progress(names.size(), quiet);
        return source.make(
            names, [&] { progress.show(fmt::format("{} {}", source.making, fmt::join(shown, ", "))); });
    }
    std::vector<MadeVersion> made;
    for (const std::string& name : names) made.push_back({.value = name, .why_not = {}, .log = {}});
    return made;
}

bool finds_fix(const Arguments& arguments) {
    return arguments.find == "fix";
}

namespace {

// Also replaces --good and --bad by the commits that they name.
Expected<Source> commits_of(Arguments& arguments, const std::string& repository) {
    if (arguments.build.empty() || arguments.artifact.empty())
        return misuse("commits have to be built", "--build 'make libx.so' --artifact libx.so");
    std::string& older = finds_fix(arguments) ? arguments.bad : arguments.good;
    std::string& newer = finds_fix(arguments) ? arguments.good : arguments.bad;
    auto commits = commits_between(repository, older, newer);
    if (!commits) return std::unexpected(commits.error());
    if (commits->ids.size() < 2) return misuse("--good and --bad are the same commit", "they have to differ");
    older = commits->ids.front();
    newer = commits->ids.back();
    auto builds =
        Builds::open(repository, arguments.build, arguments.artifact, cache_folder() + "/rehang/builds");
    if (!builds) return std::unexpected(builds.error());
    const auto kept = std::make_shared<Builds>(std::move(*builds));
    Source source{
        .names = commits->ids,
        .shown = {},
        .history = commits->history,
        .about = {},
        .make = [kept](const std::vector<std::string>& ids, const Tick& tick) { return kept->of(ids, tick); },
        .making = "building"};
    for (const std::string& id : source.names) {
        auto name = short_name(repository, id);
        if (!name) return std::unexpected(name.error());
        source.shown.push_back(std::move(*name));
    }
    return source;
}

// Of a list, the oldest version first.
Source list_of(const std::vector<std::string>& names, const std::vector<std::string>& shown) {
    return Source{.names = names,
                  .shown = shown,
                  .history = History::list(names.size()),
                  .about = {},
                  .make = {},
                  .making = {}};
}

Expected<Source> between_the_ends(const std::vector<std::string>& versions,
                                  const std::vector<std::string>& shown, const Arguments& arguments) {
    if (arguments.each) return list_of(versions, shown);
    if (arguments.good == arguments.bad)
        return misuse("--good and --bad are the same version", "they have to differ");
    const std::string& older = finds_fix(arguments) ? arguments.bad : arguments.good;
    const std::string& newer = finds_fix(arguments) ? arguments.good : arguments.bad;
    const auto first = std::ranges::find(versions, older), last = std::ranges::find(versions, newer);
    for (const auto& [place, name] : {std::pair(first, older), std::pair(last, newer)})
        if (place == versions.end())
            return misuse(fmt::format("--versions has no {}", name),
                          fmt::format("it has {}", fmt::join(versions, ", ")));
    if (first > last)
        return finds_fix(arguments)
                   ? misuse("the good version comes before the bad one, so there is no fix between them",
                            "leave --find fix out to look for the version that brought the bug")
                   : misuse(
                         "the bad version comes before the good one",
                         "--find fix looks for the version that mended it; or are --good and --bad swapped?");
    const std::vector<std::string> names(first, last + 1);
    const auto first_shown = shown.begin() + (first - versions.begin());
    return list_of(names, {first_shown, first_shown + static_cast<ptrdiff_t>(names.size())});
}

std::string about(const DebianRoots& roots, const DebianPackage& package) {
    std::string text =
        fmt::format("{} for {}, by {}:\n", package.name, package.architecture, roots.mirror().uri);
    size_t width = 0;
    for (const DebianVersion& version : roots.versions()) width = std::max(width, columns_of(version.shown));
    for (const DebianVersion& version : roots.versions())
        text += version.package == package.name
                    ? fmt::format("  {}\n", version.shown)
                    : fmt::format("  {}  as {}\n", padded(version.shown, width), version.package);
    if (!roots.out_of_date().empty()) text += fmt::format("  {}\n", roots.out_of_date());
    return text + '\n';
}

// Also replaces --good and --bad by the versions that they name.
Expected<Source> debian_versions(Arguments& arguments, std::string_view rest) {
    const auto package = read_debian_package(rest);
    if (!package) return std::unexpected(package.error());
    Progress progress(0, arguments.quiet);
    auto opened = DebianRoots::open(*package, arguments.artifact, cache_folder() + "/rehang/debian", [&] {
        progress.show(fmt::format("asking for the versions of {}", package->name));
    });
    if (!opened) return std::unexpected(opened.error());
    const auto roots = std::make_shared<DebianRoots>(std::move(*opened));
    std::vector<std::string> names, shown;
    for (const DebianVersion& version : roots->versions()) {
        names.push_back(version.version);
        shown.push_back(version.shown);
    }
    if (!arguments.each) {
        for (const auto& [option, end] :
             {std::pair("--good", &arguments.good), std::pair("--bad", &arguments.bad)}) {
            const auto named = version_named(roots->versions(), *end);
            if (!named) return std::unexpected(Error(named.error()).in(option));
            *end = names[*named];
        }
    }
    auto source = between_the_ends(names, shown, arguments);
    if (!source) return source;
    source->about = about(*roots, *package);
    source->making = "fetching and unpacking";
    source->make = [roots](const std::vector<std::string>& versions, const Tick& tick) {
        return roots->of(versions, tick);
    };
    return source;
}

}  // namespace

Expected<Source> source_of(Arguments& arguments) {
    if (arguments.each && !(arguments.good + arguments.bad + arguments.log).empty())
        return misuse("--each looks for nothing: it has no --good, --bad or --log", "leave these out");
    if (!arguments.each && (arguments.good.empty() || arguments.bad.empty()))
        return misuse("--good and --bad are missing",
                      "a version without the bug, and one with it; or --each to run all of them");
    constexpr std::string_view git = "git:", debian = "debian:";
    if (arguments.versions.starts_with(git) && arguments.each)
        return misuse("--each wants a list of versions, and commits are none",
                      "--versions list:, file:, dir: or debian:");
    if (arguments.versions.starts_with(git))
        return commits_of(arguments, arguments.versions.substr(git.size()));
    if (arguments.versions.starts_with(debian))
        return debian_versions(arguments, std::string_view(arguments.versions).substr(debian.size()));
    const auto versions = read_versions(arguments.versions);
    if (!versions) return std::unexpected(versions.error());
    return between_the_ends(*versions, *versions, arguments);
}

}  // namespace rehang
