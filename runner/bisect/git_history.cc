#include "bisect/git_history.h"

#include <fmt/format.h>

#include <map>
#include <sstream>

#include "bisect/shell.h"

namespace rehang {
namespace {

using Strings = std::vector<std::string>;

Expected<Ended> git(const std::string& repository, Strings words) {
    words.insert(words.begin(), {"-C", repository});
    return run_and_read("git", words);
}

Expected<std::string> commit_of(const std::string& repository, const std::string& name) {
    auto ended =
        git(repository, {"rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"});
    if (!ended) return std::unexpected(ended.error());
    if (ended->status != 0)
        return misuse(fmt::format("{} has no commit {}", repository, name),
                      "`git log` there shows which it has");
    return ended->out.substr(0, ended->out.find('\n'));
}

// Lines of `rev-list --parents`: a commit and its parents. Parents that are not listed are what `older` has
// already.
Commits parse(const std::string& lines, const std::string& older) {
    Commits commits{.ids = {older}, .history = {}};
    std::map<std::string, size_t> numbers = {{older, 0}};
    std::vector<std::vector<size_t>> parents = {{}};
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string id, parent;
        words >> id;
        std::vector<size_t> known;
        while (words >> parent)
            if (const auto found = numbers.find(parent); found != numbers.end())
                known.push_back(found->second);
        numbers.emplace(id, commits.ids.size());
        commits.ids.push_back(id);
        parents.push_back(std::move(known));
    }
    commits.history = History::of(parents);
    return commits;
}

}  // namespace

Expected<Commits> commits_between(const std::string& repository, const std::string& older,
                                  const std::string& newer) {
    const auto is_repository = git(repository, {"rev-parse", "--git-dir"});
    if (!is_repository) return std::unexpected(is_repository.error());
    if (is_repository->status != 0)
        return misuse(fmt::format("{} is no git repository", repository), "--versions git:PATH");
    const auto first = commit_of(repository, older), last = commit_of(repository, newer);
    if (!first || !last) return std::unexpected(first ? last.error() : first.error());
    const auto ancestor = git(repository, {"merge-base", "--is-ancestor", *first, *last});
    if (!ancestor) return std::unexpected(ancestor.error());
    if (ancestor->status != 0)
        return misuse(
            fmt::format("{} was not made from {}", newer, older),
            fmt::format("`git merge-base {} {}` says where they parted: ask from there", older, newer));
    const auto listed =
        git(repository, {"rev-list", "--date-order", "--reverse", "--parents", *last, "^" + *first});
    if (!listed) return std::unexpected(listed.error());
    return parse(listed->out, *first);
}

Expected<std::string> short_name(const std::string& repository, const std::string& commit) {
    const auto ended = git(repository, {"log", "-1", "--format=%h %s", "--abbrev=12", commit});
    if (!ended) return std::unexpected(ended.error());
    return ended->out.substr(0, ended->out.find('\n'));
}

}  // namespace rehang
