#include "match/match_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/text_layout.h"

namespace rehang {
namespace {

std::string told_wait(const ThreadMatch& thread) {
    if (thread.wait_reproduced == WaitClass::any && thread.wait_seen == WaitClass::any) return {};
    const bool same = thread.wait_reproduced == thread.wait_seen;
    if (same || thread.wait_seen == WaitClass::any || thread.wait_reproduced == WaitClass::any)
        return fmt::format(
            "waits in {}",
            to_text(thread.wait_reproduced == WaitClass::any ? thread.wait_seen : thread.wait_reproduced));
    return fmt::format("waits in {}, and was seen in {}", to_text(thread.wait_reproduced),
                       to_text(thread.wait_seen));
}

// Both lists in order: "=" in both, "~" similar, "-" only reproduced, "+" only seen.
std::string frames(const ThreadMatch& thread, const TextStyle& style) {
    std::string text;
    size_t a = 0, b = 0;
    const auto line = [&](char sign, std::string_view name, Tone tone) {
        text += fmt::format("      {}\n", painted(fmt::format("{} {}", sign, name), tone, style));
    };
    const auto up_to = [&](size_t end_a, size_t end_b) {
        for (; a < end_a; ++a) line('-', thread.names_reproduced[a], Tone::faint);
        for (; b < end_b; ++b) line('+', thread.names_seen[b], Tone::faint);
    };
    for (const FramePair& pair : thread.pairs) {
        up_to(pair.a, pair.b);
        const std::string& ours = thread.names_reproduced[a++];
        const std::string& theirs = thread.names_seen[b++];
        if (pair.likeness == Likeness::same)
            line('=', ours, Tone::good);
        else
            line('~', fmt::format("{}, seen as {}", ours, theirs), Tone::warn);
    }
    if (!thread.seen) return {};
    up_to(thread.names_reproduced.size(), thread.names_seen.size());
    return text;
}

std::string thread_text(const ThreadMatch& thread, const TextStyle& style) {
    std::string text = fmt::format(
        "  {}  {}", painted(fmt::format("{:.2f}", thread.score), thread.seen ? Tone::good : Tone::bad, style),
        thread.reproduced);
    text += thread.seen ? fmt::format(" is {}", *thread.seen) : " is like no thread seen";
    if (thread.origin) text += fmt::format("  (the others wait for it: counts {:.0f} times)", thread.weight);
    text += '\n';
    if (const std::string wait = told_wait(thread); thread.seen && !wait.empty())
        text += fmt::format("      {}\n", wait);
    return text + frames(thread, style);
}

std::string size_of(const Sighting& sighting) {
    size_t threads = 0;
    for (const SeenProcess& process : sighting.processes) threads += process.threads.size();
    const auto count = [](size_t n, std::string_view what) {
        return fmt::format("{} {}{}", n, what, n == 1 ? "" : what.ends_with('s') ? "es" : "s");
    };
    return fmt::format("{}, {}", count(sighting.processes.size(), "process"), count(threads, "thread"));
}

}  // namespace

std::string match_line(const Comparison& comparison, const Sighting& reproduced, const Sighting& seen,
                       const TextStyle& style) {
    return fmt::format("{} {}  {} {}  {}\n",
                       painted(comparison.same ? "✓" : "✗", comparison.same ? Tone::good : Tone::bad, style),
                       painted(reproduced.title, Tone::title, style),
                       comparison.same ? "is the hang of" : "is not the hang of", seen.title,
                       painted(fmt::format("score {:.2f} of 1", comparison.score), Tone::faint, style));
}

std::string render_match(const Comparison& comparison, const Sighting& reproduced, const Sighting& seen,
                         const TextStyle& style) {
    std::string text = match_line(comparison, reproduced, seen, style);
    text += section("Why", style);
    for (const std::string& reason : comparison.reasons) text += wrapped("  ", reason, style);
    if (!comparison.processes.empty()) {
        text += section("Processes", style);
        for (const ProcessMatch& process : comparison.processes)
            text += fmt::format("  {} is {}\n", process.reproduced, process.seen.value_or("not there"));
    }
    if (!comparison.threads.empty()) {
        text += section("Threads", style);
        text += painted("  = agrees   ~ similar   - only reproduced   + only seen\n", Tone::faint, style);
        for (const ThreadMatch& thread : comparison.threads) text += thread_text(thread, style);
    }
    if (!comparison.left_over.empty()) {
        text += section("Seen, and like nothing in the reproduced hang", style);
        constexpr size_t most = 12;
        for (size_t i = 0; i < std::min(most, comparison.left_over.size()); ++i)
            text += fmt::format("  {}\n", comparison.left_over[i]);
        if (comparison.left_over.size() > most)
            text += fmt::format("  … {} more\n", comparison.left_over.size() - most);
    }
    text +=
        fmt::format("\n{}: {}\n{}: {}\n", reproduced.title, size_of(reproduced), seen.title, size_of(seen));
    return text;
}

}  // namespace rehang
