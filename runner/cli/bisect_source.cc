#include "cli/bisect_source.h"

#include <fmt/format.h>

#include "bisect/git_history.h"
#include "bisect/versions.h"
#include "host/cache_folder.h"

namespace rehang {

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
    Source source{
        .names = commits->ids, .shown = {}, .history = commits->history, .builds = std::move(*builds)};
    for (const std::string& id : source.names) {
        auto name = short_name(repository, id);
        if (!name) return std::unexpected(name.error());
        source.shown.push_back(std::move(*name));
    }
    return source;
}

}  // namespace

Expected<Source> source_of(Arguments& arguments) {
    constexpr std::string_view git = "git:";
    if (arguments.versions.starts_with(git))
        return commits_of(arguments, arguments.versions.substr(git.size()));
    auto versions = read_versions(arguments.versions);
    if (!versions) return std::unexpected(versions.error());
    if (arguments.good == arguments.bad)
        return misuse("--good and --bad are the same version", "they have to differ");
    const std::string& older = finds_fix(arguments) ? arguments.bad : arguments.good;
    const std::string& newer = finds_fix(arguments) ? arguments.good : arguments.bad;
    const auto first = std::ranges::find(*versions, older), last = std::ranges::find(*versions, newer);
    for (const auto& [place, name] : {std::pair(first, older), std::pair(last, newer)})
        if (place == versions->end())
            return misuse(fmt::format("--versions has no {}", name),
                          fmt::format("it has {}", fmt::join(*versions, ", ")));
    if (first > last)
        return finds_fix(arguments)
                   ? misuse("the good version comes before the bad one, so there is no fix between them",
                            "leave --find fix out to look for the version that brought the bug")
                   : misuse(
                         "the bad version comes before the good one",
                         "--find fix looks for the version that mended it; or are --good and --bad swapped?");
    const std::vector<std::string> names(first, last + 1);
    return Source{.names = names, .shown = names, .history = History::list(names.size()), .builds = {}};
}

}  // namespace rehang
