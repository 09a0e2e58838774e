// How many versions a bisect has to run: the search of `rehang bisect` next to `git bisect run`, in the same
// histories, with the same judgements.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "ask.h"
#include "base/files.h"
#include "bisect/git_history.h"
#include "command.h"
#include "pool_history.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

using history::ask;
using history::Asked;
using history::Flips;
using history::Oracle;
using history::PoolHistory;
using history::PoolQuestion;

struct Found {
    std::string id;  // "" if it could not be told
    size_t calls = 0;
};

// Judgements for `git bisect run`: "COMMIT EXIT-STATUS" a line in `truth`; of the n-th question, whether its
// answer is the wrong one in line n of `wrong`. Each question leaves a line in `asked`.
constexpr const char* oracle_script = R"sh(#!/bin/sh
cd "$(dirname "$0")"
commit=$(git -C pool rev-parse BISECT_HEAD)
echo "$commit" >> asked
status=$(sed -n "s/^$commit //p" truth)
[ "$status" = 125 ] && exit 125
wrong=$(sed -n "$(wc -l < asked)p" wrong)
exit $((status ^ ${wrong:-0}))
)sh";

class GitBisect {
  public:
    GitBisect(std::string folder, const Commits& commits) : folder_(std::move(folder)), commits_(commits) {
        std::ofstream(script()) << oracle_script;
        ::chmod(script().c_str(), 0755);
    }

    // `wrong`: which of its questions get the wrong answer.
    Expected<Found> run(const Oracle& truth, const std::vector<bool>& wrong) const {
        {
            std::ofstream lines(folder_ + "/truth");
            for (size_t v = 0; v < commits_.ids.size(); ++v) {
                const Judgement judgement = truth(v);
                lines << commits_.ids[v] << ' '
                      << (judgement == Judgement::unknown   ? 125
                          : judgement == Judgement::present ? 1
                                                            : 0)
                      << '\n';
            }
            std::ofstream flips(folder_ + "/wrong");
            for (const bool is : wrong) flips << is << '\n';
            std::ofstream(folder_ + "/asked").flush();
        }
        const std::string pool = folder_ + "/pool";
        const auto started = bench::run({"git", "-C", pool, "bisect", "start", "--no-checkout",
                                         commits_.ids.back(), commits_.ids.front()});
        if (!started) return std::unexpected(started.error());
        const auto ran = bench::run({"git", "-C", pool, "bisect", "run", script()});
        if (!ran) return std::unexpected(ran.error());
        const auto reset = bench::run({"git", "-C", pool, "bisect", "reset"});
        if (!reset) return std::unexpected(reset.error());
        Found found;
        if (const size_t end = ran->output.find(" is the first bad commit"); end != std::string::npos)
            found.id = ran->output.substr(end - 40, 40);
        const std::string asked = read_file(folder_ + "/asked").value_or("");
        found.calls = static_cast<size_t>(std::ranges::count(asked, '\n'));
        return found;
    }

  private:
    std::string script() const { return folder_ + "/oracle"; }
    std::string folder_;
    const Commits& commits_;
};

// Of many bisects.
struct Sum {
    size_t bisects = 0, right = 0, calls = 0, most = 0;
    void add(bool is_right, size_t number) {
        ++bisects;
        right += is_right ? 1 : 0;
        calls += number;
        most = std::max(most, number);
    }
    Row row(const std::string& name) const {
        return {name, fmt::format("{} of {}", right, bisects),
                fmt::format("{:.2f}", static_cast<double>(calls) / static_cast<double>(bisects)),
                fmt::format("{}", most)};
    }
};

bool is_it(const Asked& asked, const Commits& commits, const std::string& id) {
    return asked.answer.candidates.size() == 1 && commits.ids[asked.answer.candidates.front()] == id;
}

// Each question of the history as it is, with builds that break and another crash.
Expected<void> print_questions(const PoolHistory& pool, const std::string& folder) {
    std::vector<Row> rows;
    for (const PoolQuestion& question : pool.questions) {
        const auto commits = commits_between(pool.path, question.older, question.newer);
        if (!commits) return std::unexpected(commits.error());
        const Oracle truth = [&](size_t v) { return judgement_of(pool.of(commits->ids[v]), question); };
        const auto git = GitBisect(folder, *commits).run(truth, {});
        if (!git) return std::unexpected(git.error());
        const Asked one = ask(Search(commits->history, {}), truth);
        const Asked two = ask(Search(commits->history, {.at_once = 2}), truth);
        const std::string& answer = pool.commits[question.answer].id;
        const bool all_right =
            git->id == answer && is_it(one, *commits, answer) && is_it(two, *commits, answer);
        rows.push_back({question.name, fmt::format("{}", commits->ids.size()), fmt::format("{}", git->calls),
                        fmt::format("{}", one.calls), fmt::format("{} in {} rounds", two.calls, two.rounds),
                        all_right ? "all" : "not all"});
    }
    fmt::print(
        "Versions that a bisect runs in the history of a small allocator (tests/history), besides the two "
        "that are known. Some do not build, some crash for another reason: those count, too.\n\n{}\n",
        table({"fork handlers", "commits", "git bisect run", "rehang bisect", "with --jobs 2", "right"},
              rows));
    return {};
}

// Each commit in turn as the one that brought it. All can be judged.
Expected<void> print_every_commit(const PoolHistory& pool, const std::string& folder) {
    Sum by_git, by_one, rounds_of_two;
    size_t more = 0, less = 0;
    for (const PoolQuestion& question : pool.questions) {
        const auto commits = commits_between(pool.path, question.older, question.newer);
        if (!commits) return std::unexpected(commits.error());
        const GitBisect git_bisect(folder, *commits);
        for (size_t change = 1; change < commits->ids.size(); ++change) {
            const Oracle truth = [&](size_t v) { return history::judged(commits->history.has(v, change)); };
            const auto git = git_bisect.run(truth, {});
            if (!git) return std::unexpected(git.error());
            const Asked one = ask(Search(commits->history, {}), truth);
            const Asked two = ask(Search(commits->history, {.at_once = 2}), truth);
            const std::string& id = commits->ids[change];
            by_git.add(git->id == id, git->calls);
            by_one.add(is_it(one, *commits, id), one.calls);
            rounds_of_two.add(is_it(two, *commits, id), two.rounds);
            more += one.calls > git->calls ? 1 : 0;
            less += one.calls < git->calls ? 1 : 0;
        }
    }
    fmt::print(
        "The same, with each commit in turn as the one that brought it; rehang runs more versions than git "
        "{} "
        "times, and less {} times.\n\n{}\n",
        more, less,
        table({"", "right", "versions run", "at most"},
              {by_git.row("git bisect run"), by_one.row("rehang bisect"),
               rounds_of_two.row("rounds of rehang bisect --jobs 2")}));
    return {};
}

// One of ten runs says the wrong thing.
Expected<void> print_noise(const PoolHistory& pool, const std::string& folder, unsigned seeds) {
    constexpr double noise = 0.1;
    Sum by_git, by_majority, by_rehang;
    double stated = 0;
    for (const PoolQuestion& question : pool.questions) {
        const auto commits = commits_between(pool.path, question.older, question.newer);
        if (!commits) return std::unexpected(commits.error());
        const GitBisect git_bisect(folder, *commits);
        const Oracle truth = [&](size_t v) { return judgement_of(pool.of(commits->ids[v]), question); };
        const std::string& answer = pool.commits[question.answer].id;
        for (unsigned seed = 0; seed < seeds; ++seed) {
            // A third run only where two do not agree.
            Flips once(seed, noise), thrice(seed, noise), search(seed, noise);
            std::vector<bool> wrong, wrong_by_majority;
            std::vector<size_t> runs;
            for (size_t i = 0; i < commits->ids.size(); ++i) {
                wrong.push_back(once.next());
                const bool first = thrice.next(), second = thrice.next();
                wrong_by_majority.push_back(first == second ? first : thrice.next());
                runs.push_back(first == second ? 2 : 3);
            }
            const auto git = git_bisect.run(truth, wrong);
            if (!git) return std::unexpected(git.error());
            by_git.add(git->id == answer, git->calls);
            const auto majority = git_bisect.run(truth, wrong_by_majority);
            if (!majority) return std::unexpected(majority.error());
            size_t all_runs = 0;
            for (size_t i = 0; i < std::min(majority->calls, runs.size()); ++i) all_runs += runs[i];
            by_majority.add(majority->id == answer, all_runs);
            const Asked asked = ask(Search(commits->history, {.noise = noise, .confidence = 0.99}),
                                    [&](size_t v) { return search.maybe(truth(v)); });
            by_rehang.add(is_it(asked, *commits, answer), asked.calls);
            stated += asked.answer.probability;
        }
    }
    fmt::print(
        "The history's own questions with one of ten runs wrong, {} times each; rehang states a probability "
        "of {:.3f} on average.\n\n{}\n",
        seeds, stated / static_cast<double>(by_rehang.bisects),
        table({"", "right", "runs", "at most"},
              {by_git.row("git bisect run"), by_majority.row("git bisect run, two of three runs"),
               by_rehang.row("rehang bisect --noise 0.1")}));
    return {};
}

}  // namespace

Expected<void> print_bisect_cost(const Where&, const std::string& folder, int repeat) {
    const auto pool = history::make_pool_history(folder + "/pool");
    if (!pool) return std::unexpected(pool.error());
    if (auto printed = print_questions(*pool, folder); !printed) return printed;
    if (auto printed = print_every_commit(*pool, folder); !printed) return printed;
    return print_noise(*pool, folder, static_cast<unsigned>(repeat));
}

}  // namespace rehang::bench
