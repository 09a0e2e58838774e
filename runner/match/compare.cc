#include "match/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "match/assignment.h"

namespace rehang {
namespace {

using Names = std::vector<std::string>;

// "tcmalloc::CentralFreeList" in "… stood in tcmalloc::CentralFreeList::ReleaseListToSpans ← …": the classes
// and namespaces of the functions that a report's sentences name.
std::set<std::string> scopes_in(const std::vector<std::string>& sentences) {
    std::set<std::string> scopes;
    const auto is_of_name = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == ':';
    };
    for (const std::string& sentence : sentences)
        for (size_t at = 0; at < sentence.size(); ++at) {
            size_t end = at;
            while (end < sentence.size() && is_of_name(sentence[end])) ++end;
            const std::string_view name = std::string_view(sentence).substr(at, end - at);
            const size_t scope = name.rfind("::");
            if (scope != std::string_view::npos && scope > 0 && scope + 2 < name.size())
                scopes.emplace(name.substr(0, scope));
            at = end;
        }
    return scopes;
}

bool is_in(const Names& names, const std::set<std::string>& scopes) {
    return std::ranges::any_of(names, [&](const std::string& name) {
        const size_t scope = name.rfind("::");
        return scope != std::string::npos && scopes.contains(name.substr(0, scope));
    });
}

struct Thread {
    size_t process = 0;
    const SeenThread* thread = nullptr;
    TellingStack stack;
};

std::vector<Thread> threads_of(const Sighting& sighting) {
    std::vector<Thread> threads;
    for (size_t p = 0; p < sighting.processes.size(); ++p)
        for (const SeenThread& thread : sighting.processes[p].threads)
            threads.push_back({.process = p, .thread = &thread, .stack = telling_part(thread.stack)});
    return threads;
}

std::string name_of(const Sighting& sighting, const Thread& thread) {
    return fmt::format("{} {}", sighting.processes[thread.process].label, thread.thread->label);
}

// Stacks of many threads are often the same: each pair of stacks is compared once.
class Scores {
  public:
    explicit Scores(Basis basis, std::set<std::string> scopes) : basis_(basis), scopes_(std::move(scopes)) {}

    double of(const Thread& reproduced, const Thread& seen) {
        const double score =
            basis_ == Basis::waits ? by_waits(reproduced, seen) : by_stacks(reproduced, seen);
        return score >= thread_threshold ? score : 0;
    }

  private:
    static bool waits_differ(const Thread& a, const Thread& b) {
        return a.thread->wait != b.thread->wait && a.thread->wait != WaitClass::any &&
               b.thread->wait != WaitClass::any;
    }

    double by_stacks(const Thread& reproduced, const Thread& seen) {
        // Another version may wait by another system call at the same place.
        constexpr double other_wait = 0.7;
        // Nothing but `main` in a call that waits: then the call is all there is.
        if (reproduced.stack.names.empty() && seen.stack.names.empty())
            return reproduced.thread->wait == seen.thread->wait && seen.thread->wait != WaitClass::any ? 1
                                                                                                       : 0;
        auto found = known_.find({&reproduced.stack, &seen.stack});
        if (found == known_.end()) {
            const auto same = seen_.try_emplace({&reproduced.stack, seen.stack}, -1.0).first;
            if (same->second < 0) same->second = compare_stacks(reproduced.stack, seen.stack).score;
            found = known_.emplace(std::pair(&reproduced.stack, &seen.stack), same->second).first;
        }
        return waits_differ(reproduced, seen) ? other_wait * found->second : found->second;
    }

    double by_waits(const Thread& reproduced, const Thread& seen) const {
        if (waits_differ(reproduced, seen)) return 0;
        const bool known = seen.thread->wait != WaitClass::any;
        if (!reproduced.thread->origin) return known ? 1 : 0.5;
        return is_in(seen.stack.names, scopes_) ? 1 : 0;
    }

    Basis basis_;
    std::set<std::string> scopes_;
    std::map<std::pair<const TellingStack*, const TellingStack*>, double> known_;
    std::map<std::pair<const TellingStack*, TellingStack>, double> seen_;
};

using Pairs = std::vector<std::optional<size_t>>;  // of the reproduced threads: the seen one

class Matching {
  public:
    Matching(const Sighting& reproduced, const Sighting& seen, Basis basis)
        : a_(reproduced),
          b_(seen),
          threads_a_(threads_of(reproduced)),
          threads_b_(threads_of(seen)),
          scores_(basis, scopes_in(reproduced.told)) {}

    // Threads of one process go with threads of one process, where it is known of which they are.
    Pairs best() {
        if (!b_.separated || !a_.separated) return best_of(all(threads_a_), all(threads_b_)).pairs;
        std::vector<std::vector<double>> value;
        std::vector<std::vector<Part>> parts;
        for (size_t p = 0; p < a_.processes.size(); ++p) {
            value.emplace_back();
            parts.emplace_back();
            for (size_t q = 0; q < b_.processes.size(); ++q) {
                parts.back().push_back(best_of(of(threads_a_, p), of(threads_b_, q)));
                value.back().push_back(parts.back().back().value);
            }
        }
        processes_ = best_assignment(value);
        Pairs pairs(threads_a_.size());
        for (size_t p = 0; p < processes_.size(); ++p)
            if (processes_[p])
                for (size_t i = 0; i < pairs.size(); ++i)
                    if (const auto& to = parts[p][*processes_[p]].pairs[i]) pairs[i] = to;
        return pairs;
    }

    void tell(Comparison& to, const Pairs& pairs) {
        std::vector<bool> used(threads_b_.size(), false);
        for (size_t i = 0; i < pairs.size(); ++i) {
            to.threads.push_back(told(threads_a_[i], pairs[i]));
            if (pairs[i]) used[*pairs[i]] = true;
        }
        for (size_t j = 0; j < used.size(); ++j)
            if (!used[j]) to.left_over.push_back(name_of(b_, threads_b_[j]));
        // Zombies have no threads, and a debugger shows none of them.
        for (size_t p = 0; p < processes_.size(); ++p)
            if (!a_.processes[p].threads.empty())
                to.processes.push_back({.reproduced = a_.processes[p].label,
                                        .seen = processes_[p]
                                                    ? std::optional(b_.processes[*processes_[p]].label)
                                                    : std::nullopt});
    }

  private:
    struct Part {
        double value = 0;
        Pairs pairs;  // as long as threads_a_
    };

    static std::vector<size_t> all(const std::vector<Thread>& threads) {
        std::vector<size_t> indices(threads.size());
        for (size_t i = 0; i < indices.size(); ++i) indices[i] = i;
        return indices;
    }
    static std::vector<size_t> of(const std::vector<Thread>& threads, size_t process) {
        std::vector<size_t> indices;
        for (size_t i = 0; i < threads.size(); ++i)
            if (threads[i].process == process) indices.push_back(i);
        return indices;
    }

    static double weight(const Thread& thread) { return thread.thread->origin ? origin_weight : 1; }

    Part best_of(const std::vector<size_t>& from, const std::vector<size_t>& to) {
        std::vector<std::vector<double>> value;
        for (const size_t i : from) {
            value.emplace_back();
            for (const size_t j : to)
                value.back().push_back(weight(threads_a_[i]) * scores_.of(threads_a_[i], threads_b_[j]));
        }
        Part part{.value = 0, .pairs = Pairs(threads_a_.size())};
        const auto columns = best_assignment(value);
        for (size_t row = 0; row < columns.size(); ++row) {
            if (!columns[row]) continue;
            part.value += value[row][*columns[row]];
            part.pairs[from[row]] = to[*columns[row]];
        }
        return part;
    }

    ThreadMatch told(const Thread& reproduced, std::optional<size_t> seen) {
        ThreadMatch match{.reproduced = name_of(a_, reproduced),
                          .seen = {},
                          .origin = reproduced.thread->origin,
                          .weight = weight(reproduced),
                          .score = 0,
                          .wait_reproduced = reproduced.thread->wait,
                          .wait_seen = WaitClass::any,
                          .names_reproduced = reproduced.stack.names,
                          .names_seen = {},
                          .pairs = {}};
        if (!seen) return match;
        const Thread& other = threads_b_[*seen];
        match.seen = name_of(b_, other);
        match.score = scores_.of(reproduced, other);
        match.wait_seen = other.thread->wait;
        match.names_seen = other.stack.names;
        match.pairs = compare_stacks(reproduced.stack, other.stack).pairs;
        return match;
    }

    const Sighting &a_, &b_;
    std::vector<Thread> threads_a_, threads_b_;
    Scores scores_;
    std::vector<std::optional<size_t>> processes_;
};

// The stacks that matter have names: of those that the others wait for in the end, if that is known.
Basis basis_of(const Sighting& sighting) {
    const auto threads = threads_of(sighting);
    const bool origins = std::ranges::any_of(threads, [](const Thread& t) { return t.thread->origin; });
    const bool named = std::ranges::any_of(
        threads, [&](const Thread& t) { return !t.stack.names.empty() && (t.thread->origin || !origins); });
    return named ? Basis::stacks : Basis::waits;
}

std::string counted(size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void decide(Comparison& result, const Sighting& reproduced, const Sighting& seen) {
    double all = 0, alike = 0;
    size_t found = 0, origins = 0, origins_found = 0;
    for (const ThreadMatch& thread : result.threads) {
        all += thread.weight;
        alike += thread.weight * thread.score;
        found += thread.seen ? 1 : 0;
        origins += thread.origin ? 1 : 0;
        origins_found += thread.origin && thread.seen ? 1 : 0;
    }
    result.score = all > 0 ? alike / all : 0;
    const bool causes_agree =
        reproduced.cause == Cause::unknown || seen.cause == Cause::unknown || reproduced.cause == seen.cause;
    result.same = result.score >= total_threshold && origins_found == origins && causes_agree;

    result.reasons.push_back(
        fmt::format("{} of the {} of the reproduced hang {} a counterpart, and {:.2f} of all that was "
                    "compared agrees; a hang "
                    "is the same from {:.2f} on.",
                    found, counted(result.threads.size(), "thread"), found == 1 ? "has" : "have",
                    result.score, total_threshold));
    if (origins > 0)
        result.reasons.push_back(
            origins_found == origins
                ? fmt::format(
                      "{} that the others wait for in the end (each counts {:.0f} times) {} among them.",
                      origins == 1   ? "The thread"
                      : origins == 2 ? "Both threads"
                                     : fmt::format("All {} threads", origins),
                      origin_weight, origins == 1 ? "is" : "are")
                : fmt::format(
                      "{} of the {} that the others wait for in the end {} no counterpart: without each of "
                      "them it is another hang.",
                      origins - origins_found, counted(origins, "thread"),
                      origins - origins_found == 1 ? "has" : "have"));
    else
        result.reasons.emplace_back(
            "Which thread the others wait for in the end is not known: all count the same.");
    if (!causes_agree)
        result.reasons.push_back(
            fmt::format("The causes differ: {} and {}.", to_text(reproduced.cause), to_text(seen.cause)));
    if (!reproduced.proven)
        result.reasons.emplace_back("The report proves no hang: its threads were compared as they stood.");
    if (result.basis == Basis::waits)
        result.reasons.push_back(
            fmt::format("The report's stacks have no function names (a program that another one executes, "
                        "such as qemu-user, has "
                        "none): its threads were compared by what they wait in and by process, and those "
                        "that the others wait "
                        "for in the end by the classes that the report names as the lock's: {}.",
                        origins_found > 0 ? "they agree" : "none of them is in the stacks seen"));
}

Comparison one_way(const Sighting& reproduced, const Sighting& seen) {
    Comparison result;
    result.basis = basis_of(reproduced);
    Matching matching(reproduced, seen, result.basis);
    matching.tell(result, matching.best());
    decide(result, reproduced, seen);
    return result;
}

}  // namespace

Comparison compare(const Sighting& reproduced, const Sighting& seen) {
    for (const Sighting* sighting : {&reproduced, &seen})
        if (!sighting->hung) {
            Comparison none;
            none.reasons.push_back(
                fmt::format("{} did not hang: there is nothing to compare.", sighting->title));
            return none;
        }
    Comparison result = one_way(reproduced, seen);
    if (!seen.is_report) return result;
    // Two reports: neither may have what the other one lacks.
    Comparison back = one_way(seen, reproduced);
    if (result.same && !back.same) {
        result.same = false;
        result.score = std::min(result.score, back.score);
        result.reasons = {
            fmt::format("What {} has is in {}, but not the other way round.", reproduced.title, seen.title)};
        std::ranges::move(back.reasons, std::back_inserter(result.reasons));
    }
    return result;
}

}  // namespace rehang
