#include "pool_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <set>

#include "base/files.h"
#include "bisect/shell.h"

namespace rehang::history {
namespace {

using Change = std::function<void(PoolState&)>;

// What has changed on one of two sides since they parted.
template <class T>
T merged(const T& base, const T& one, const T& other) {
    return one == base ? other : one;
}

PoolState merged_states(const PoolState& base, const PoolState& one, const PoolState& other) {
    return {.at_fork = merged(base.at_fork, one.at_fork, other.at_fork),
            .builds = merged(base.builds, one.builds, other.builds),
            .aborts = merged(base.aborts, one.aborts, other.aborts),
            .renamed = merged(base.renamed, one.renamed, other.renamed),
            .chunk = merged(base.chunk, one.chunk, other.chunk)};
}

// A change on the main line, or in the middle of a branch.
struct Planned {
    std::string subject;
    Change change;
};

class Writer {
  public:
    Writer() { add("Take memory in chunks, give it from lists", {}, {}); }

    // Some 70 commits. Every fourth on the main line has a branch of one to three commits, that is merged
    // some time later, when others may have begun. What is planned is by its place.
    void write(const std::map<size_t, Planned>& on_main, const std::map<size_t, Planned>& on_branch) {
        struct Branch {
            size_t from, tip, number, left, merged_at;
        };
        std::vector<Branch> open;
        constexpr size_t steps = 36;
        for (size_t step = 0; step < steps || !open.empty(); ++step) {
            if (step < steps) tip_ = add_planned(tip_, on_main, step);
            if (step < steps && step % 4 == 1)
                open.push_back({.from = tip_,
                                .tip = tip_,
                                .number = step / 4,
                                .left = 1 + step / 4 % 3,
                                .merged_at = step + 3 + step / 4 % 4});
            for (Branch& branch : open) {
                if (branch.left == 0) continue;
                --branch.left;
                // The second last one, or the only one, is what was planned for this branch.
                const bool is_planned = branch.left == (branch.number % 3 == 0 ? 0 : 1);
                branch.tip = is_planned ? add_planned(branch.tip, on_branch, branch.number)
                                        : add_planned(branch.tip, {}, 0);
            }
            std::erase_if(open, [&](const Branch& branch) {
                if (branch.left > 0 || step < branch.merged_at) return false;
                tip_ = merge(branch.from, branch.tip, branch.number);
                return true;
            });
        }
    }

    void tag(const std::string& name) { tags_.emplace_back(name, tip_); }
    size_t find(const std::string& subject) const {
        return static_cast<size_t>(std::ranges::find(commits_, subject, &PoolCommit::subject) -
                                   commits_.begin());
    }

    // For git-fast-import(1): each commit is a mark, from 1 on.
    std::string stream() const {
        std::string text;
        for (size_t number = 0; number < commits_.size(); ++number) {
            const PoolCommit& commit = commits_[number];
            text += fmt::format(
                "commit refs/heads/main\nmark :{}\n"
                "committer Tester <tester@example.org> {} +0000\n{}",
                number + 1, 1'700'000'000 + 60 * number, data(commit.subject));
            for (size_t i = 0; i < commit.parents.size(); ++i)
                text += fmt::format("{} :{}\n", i == 0 ? "from" : "merge", commit.parents[i] + 1);
            text += "deleteall\n";
            for (const auto& [name, content] : source_of(commit.state))
                text += fmt::format("M 100644 inline {}\n{}", name, data(content));
            for (const size_t change : commit.changes)
                text += fmt::format("M 100644 inline changes/{}\n{}", change, data(commits_[change].subject));
        }
        for (const auto& [name, number] : tags_)
            text += fmt::format("reset refs/tags/{}\nfrom :{}\n\n", name, number + 1);
        return text;
    }
    std::vector<PoolCommit> take_commits() { return std::move(commits_); }

  private:
    static std::string data(const std::string& content) {
        return fmt::format("data {}\n{}\n", content.size(), content);
    }

    size_t add(const std::string& subject, const std::vector<size_t>& parents, const PoolState& state) {
        std::set<size_t> changes = {commits_.size()};
        for (const size_t parent : parents)
            changes.insert(commits_[parent].changes.begin(), commits_[parent].changes.end());
        commits_.push_back({.id = {},
                            .subject = subject,
                            .parents = parents,
                            .state = state,
                            .changes = {changes.begin(), changes.end()}});
        return commits_.size() - 1;
    }

    size_t add_planned(size_t parent, const std::map<size_t, Planned>& planned, size_t place) {
        PoolState state = commits_[parent].state;
        const auto found = planned.find(place);
        if (found == planned.end()) return add(fmt::format("Note {}", commits_.size()), {parent}, state);
        found->second.change(state);
        return add(found->second.subject, {parent}, state);
    }

    size_t merge(size_t from, size_t branch, size_t number) {
        return add(fmt::format("Merge branch {}", number), {tip_, branch},
                   merged_states(commits_[from].state, commits_[tip_].state, commits_[branch].state));
    }

    std::vector<PoolCommit> commits_;
    std::vector<std::pair<std::string, size_t>> tags_;
    size_t tip_ = 0;
};

Expected<void> import(const std::string& stream, const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return failure(fmt::format("can't make the folder {}", folder), error.value());
    std::ofstream(folder + "/stream", std::ios::binary) << stream;
    const auto status = run_command(
        "git init --quiet --bare --initial-branch=main . && "
        "git fast-import --quiet --export-marks=marks < stream",
        folder, folder + "/import.log");
    if (!status) return std::unexpected(status.error());
    if (*status == 0) return {};
    return std::unexpected(
        Error{.what = read_file(folder + "/import.log").value_or("git failed"), .hint = {}});
}

// Lines as ":12 1a2b…".
void read_ids(const std::string& file, std::vector<PoolCommit>& commits) {
    std::ifstream in(file);
    size_t mark = 0;
    for (char colon = 0; in >> colon >> mark;) in >> commits.at(mark - 1).id;
}

constexpr const char* first_time = "Look after the lock at fork";
constexpr const char* in_order = "Put the start of the pool in order";
constexpr const char* again = "Look after the lock at fork, again";

Writer written() {
    const auto builds = [](bool does) { return [does](PoolState& state) { state.builds = does; }; };
    const auto aborts = [](bool does) { return [does](PoolState& state) { state.aborts = does; }; };
    const auto chunk = [](unsigned size) { return [size](PoolState& state) { state.chunk = size; }; };
    Writer writer;
    writer.tag("start");
    // On the main line; just before the middle nothing builds.
    writer.write({{18, {"Count what is taken", builds(false)}},
                  {20, {"Count what is taken, this time with the counter", builds(true)}},
                  {23, {first_time, [](PoolState& state) { state.at_fork = PoolState::AtFork::in_pool; }}}},
                 {{2, {"Chunks of 2 MiB", chunk(2)}}});
    writer.tag("protected");
    // In the middle of a branch, while on the main line an assertion fails, and later something does not
    // build.
    writer.write({{13, {"Assert what seems to be true", aborts(true)}},
                  {20, {"Assert what is true", aborts(false)}},
                  {24, {"Statistics", builds(false)}},
                  {26, {"No statistics", builds(true)}},
                  {30, {"Call it an arena", [](PoolState& state) { state.renamed = true; }}}},
                 {{1, {in_order, [](PoolState& state) { state.at_fork = PoolState::AtFork::nothing; }}},
                  {5, {"Chunks of 4 MiB", chunk(4)}}});
    writer.tag("lost");
    // On a branch again; both nuisances are in the middle of the history.
    writer.write({{12, {"Assert once more", aborts(true)}},
                  {15, {"Do not assert", aborts(false)}},
                  {18, {"Statistics, again", builds(false)}},
                  {20, {"No statistics, again", builds(true)}}},
                 {{3, {"Chunks of 8 MiB", chunk(8)}},
                  {7, {again, [](PoolState& state) { state.at_fork = PoolState::AtFork::in_file; }}}});
    writer.tag("protected-again");
    return writer;
}

}  // namespace

const PoolCommit& PoolHistory::of(const std::string& id) const {
    const auto found = std::ranges::find(commits, id, &PoolCommit::id);
    REHANG_CHECK(found != commits.end());
    return *found;
}

Expected<PoolHistory> make_pool_history(const std::string& folder) {
    Writer writer = written();
    if (auto imported = import(writer.stream(), folder); !imported) return std::unexpected(imported.error());
    PoolHistory history{.path = folder,
                        .commits = {},
                        .questions = {{.name = "added",
                                       .finds_fix = true,
                                       .older = "start",
                                       .newer = "protected",
                                       .answer = writer.find(first_time)},
                                      {.name = "lost",
                                       .finds_fix = false,
                                       .older = "protected",
                                       .newer = "lost",
                                       .answer = writer.find(in_order)},
                                      {.name = "added again",
                                       .finds_fix = true,
                                       .older = "lost",
                                       .newer = "protected-again",
                                       .answer = writer.find(again)}}};
    history.commits = writer.take_commits();
    read_ids(folder + "/marks", history.commits);
    return history;
}

}  // namespace rehang::history
