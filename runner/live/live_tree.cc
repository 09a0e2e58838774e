#include "live/live_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "host/host.h"
#include "live/notes.h"

namespace rehang {
namespace {

bool is_left(const Census& census) {
    return std::ranges::any_of(census.processes, [](const CensusProcess& process) {
        return std::ranges::any_of(process.threads,
                                   [](const CensusThread& t) { return t.state != 'Z' && t.state != 'X'; });
    });
}

struct Counted {
    size_t stuck = 0, all = 0;
};

Counted count_threads(const Diagnosis& diagnosis) {
    Counted counted;
    for (const DiagnosedProcess& process : diagnosis.processes)
        for (const DiagnosedThread& thread : process.threads) {
            if (thread.wait.kind == WaitKind::exited) continue;
            ++counted.all;
            if (thread.stuck) ++counted.stuck;
        }
    return counted;
}

std::string how_many(const Counted& counted) {
    if (counted.stuck == counted.all)
        return counted.all == 1 ? "Its only thread can never go on."
                                : fmt::format("All {} threads can never go on.", counted.all);
    return fmt::format("{} of {} threads can never go on; the others may, without any help for these.",
                       counted.stuck, counted.all);
}

}  // namespace

LiveTree::LiveTree(std::vector<pid_t> roots, std::string title, elf::Files& files)
    : scope_{.world = World::machine,
             .roots = std::move(roots),
             .processes = {},
             .forks = {},
             .main_processes = {}},
      title_(std::move(title)),
      diagnoser_(files) {}

LiveTree::Answer LiveTree::look(std::chrono::milliseconds most, const volatile bool& stop) {
    constexpr auto between = std::chrono::milliseconds(20);
    const auto start = Clock::now();
    first_ = take_census(scope_.roots, Roots::count);
    answer_ = Answer::not_stuck;
    // On a busy machine the first looks may take all of the time; two that say the same are a proof.
    constexpr int least = 4;
    for (int looks = 1; answer_ == Answer::not_stuck && !stop; ++looks) {
        if (diagnoser_.look(scope_) == Diagnoser::Answer::stuck) {
            answer_ = Answer::stuck;
            break;
        }
        if (!is_left(take_census(scope_.roots, Roots::count, first_))) answer_ = Answer::ended;
        if (looks >= least && Clock::now() - start >= most) break;
        if (looks > 1) std::this_thread::sleep_for(between);
    }
    if (answer_ != Answer::stuck) last_ = take_census(scope_.roots, Roots::count, first_);
    looked_for_ = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    return answer_;
}

std::vector<std::string> LiveTree::what_moved(const Diagnosis& diagnosis) const {
    std::vector<std::string> names;
    for (const DiagnosedProcess& process : diagnosis.processes)
        for (const DiagnosedThread& thread : process.threads) {
            const CensusThread* const before = find_thread(first_, thread.tid);
            const CensusThread* const after = find_thread(last_, thread.tid);
            if (after && (!before || before->run_count != after->run_count))
                names.push_back(thread.nth == 1 ? process.path
                                                : fmt::format("{} {}", process.path, thread.role));
        }
    return names;
}

void LiveTree::explain_not_stuck(RunReport& report, const Diagnosis& diagnosis) const {
    constexpr size_t most = 6;
    auto names = what_moved(diagnosis);
    if (names.empty()) {
        report.explanation.push_back(
            fmt::format("Nobody ran in {} ms, but that is not to say that nobody will: each thread below "
                        "waits for something that may still come.",
                        looked_for_.count()));
        return;
    }
    const size_t all = names.size();
    if (all > most) names.resize(most);
    report.explanation.push_back(fmt::format("{} of {} threads ran between two looks, {} ms apart: {}{}.",
                                             all, count_threads(diagnosis).all, looked_for_.count(),
                                             fmt::join(names, ", "),
                                             all > most ? fmt::format(" and {} more", all - most) : ""));
}

RunReport LiveTree::report() {
    RunReport report;
    report.role = Role::diagnosis;
    report.scenario = title_;
    report.as_expected = answer_ != Answer::stuck;
    report.host = host_info();
    Diagnosis diagnosis = diagnoser_.explain(scope_);
    report.proven = answer_ == Answer::stuck && diagnosis.stuck;
    report.outcome = report.proven              ? Outcome::hung
                     : answer_ == Answer::ended ? Outcome::exited
                                                : Outcome::running;
    report.cause = diagnosis.cause;
    if (report.proven) {
        report.explanation.push_back(how_many(count_threads(diagnosis)));
        std::ranges::copy(diagnosis.explanation, std::back_inserter(report.explanation));
    } else {
        if (report.outcome == Outcome::running) explain_not_stuck(report, diagnosis);
        std::ranges::move(tell_ended(diagnosis), std::back_inserter(report.explanation));
        report.doubts = diagnosis.doubts;
    }
    if (report.outcome == Outcome::exited && report.explanation.empty())
        report.explanation.emplace_back("It ended while it was looked at.");
    std::ranges::move(tell_uninterruptible(diagnosis), std::back_inserter(report.notes));
    report.processes = std::move(diagnosis.processes);
    report.nodes = std::move(diagnosis.nodes);
    report.edges = std::move(diagnosis.edges);
    const double total = std::chrono::duration<double, std::milli>(Clock::now() - begun_).count();
    report.timings_ms = {
        .setup = 0, .reach = 0, .proof = static_cast<double>(looked_for_.count()), .total = total};
    report.signature = signature(report);
    return report;
}

}  // namespace rehang
