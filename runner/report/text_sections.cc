#include "report/text_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "report/describe.h"
#include "report/looking.h"
#include "report/text_layout.h"

namespace rehang {
namespace {

constexpr size_t most_frames = 12;        // of one stack; the JSON report has them all
constexpr size_t most_output_lines = 10;  // of one stream
constexpr size_t most_stacks = 24;
constexpr size_t most_sentences = 24;  // of one list
constexpr size_t most_left = 6;        // processes that are left alive
constexpr size_t most_rows = 60;       // of the process tree
constexpr size_t widest_label =
    36;  // of the process tree: deeper branches push their own text aside, not everybody's

// One line of the process tree: a process, or one of its threads.
struct TreeRow {
    std::string label;  // indented, with its branch
    std::string state;  // of a process
    std::string text;   // of a thread: what it waits for
};

std::string wait_sentence(const DiagnosedThread& thread) {
    std::string text =
        thread.wait.sentence.empty() ? std::string(to_text(thread.wait.kind)) : thread.wait.sentence;
    // Who waits for somebody else goes on when that one does; of others the sentence itself says why.
    const bool because_of_another = thread.may_go_on != thread.wait.sentence;
    if (!thread.stuck && !thread.may_go_on.empty() && because_of_another)
        text += fmt::format(" (may go on: {})", thread.may_go_on);
    return text;
}

// As the targets see it, the same in every run. Of a tree that the user found: as the user sees it.
std::string pid_text(const RunReport& report, const DiagnosedProcess& process) {
    if (report.role != Role::diagnosis) return fmt::format("{}", process.inner_pid);
    return process.inner_pid == process.pid || process.inner_pid == 0
               ? fmt::format("{}", process.pid)
               : fmt::format("{} ({} inside)", process.pid, process.inner_pid);
}

// How to name what a process runs that was not born with it.
std::string execution_text(const DiagnosedProcess& process) {
    if (process.execs == 0) return "";
    return fmt::format(", @exec{}: {}", process.execs, process.program.empty() ? "?" : process.program);
}

void add_rows(const RunReport& report, const DiagnosedProcess& process, size_t depth,
              std::vector<TreeRow>& rows) {
    const std::string branch = depth == 0 ? "" : std::string(3 * (depth - 1), ' ') + "└─ ";
    rows.push_back({.label = branch + process.path,
                    .state = fmt::format("pid {}, {}{}", pid_text(report, process), state_text(process),
                                         execution_text(process)),
                    .text = {}});
    const std::string below(3 * depth + 2, ' ');
    const bool alive = process.state == "running";
    for (const DiagnosedThread& thread : process.threads)
        if (alive) rows.push_back({.label = below + thread.role, .state = {}, .text = wait_sentence(thread)});
    for (const DiagnosedProcess& child : report.processes)
        if (!child.parent_path.empty() && child.parent_path == process.path)
            add_rows(report, child, depth + 1, rows);
}

bool is_root(const RunReport& report, const DiagnosedProcess& process) {
    if (process.parent_path.empty()) return true;
    return std::ranges::find(report.processes, process.parent_path, &DiagnosedProcess::path) ==
           report.processes.end();
}

std::string frame_line(size_t number, const elf::Frame& frame) {
    const std::string place = frame.symbol.empty() ? fmt::format("{}+{:#x}", frame.module, frame.offset)
                                                   : fmt::format("{}!{}", frame.module, frame.symbol);
    return fmt::format("    #{:<2} {}\n", number, place);
}

std::string last_lines(std::string_view text, size_t most) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    size_t start = text.size();
    for (size_t lines = 0; lines < most && start != std::string_view::npos; ++lines)
        start = start == 0 ? std::string_view::npos : text.rfind('\n', start - 1);
    return std::string(start == std::string_view::npos ? text : text.substr(start + 1));
}

// What a target wrote must not move the cursor of the terminal that shows the report.
std::string printable(std::string_view text) {
    std::string clean;
    for (const char c : text)
        clean += c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x20 ? c : '?';
    return clean;
}

std::string stream_text(const std::string& process, std::string_view name, const std::string& content,
                        bool cut) {
    if (content.empty()) return "";
    std::string text = fmt::format("  {} {}{}:\n", process, name, cut ? " (cut at its limit)" : "");
    std::string lines = printable(last_lines(content, most_output_lines));
    for (size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += 5)
        lines.replace(at, 1, "\n    ");
    return text + "    " + lines + "\n";
}

std::string list_section(std::string_view title, const std::vector<std::string>& sentences,
                         const TextStyle& style) {
    if (sentences.empty()) return "";
    std::string text = section(title, style);
    const size_t shown = std::min(sentences.size(), most_sentences);
    for (size_t i = 0; i < shown; ++i) text += wrapped("  - ", sentences[i], style);
    if (shown < sentences.size())
        text += painted(fmt::format("  … {} more\n", sentences.size() - shown), Tone::faint, style);
    return text;
}

}  // namespace

std::string processes_section(const RunReport& report, const TextStyle& style) {
    std::vector<TreeRow> rows;
    for (const DiagnosedProcess& process : report.processes)
        if (is_root(report, process)) add_rows(report, process, 0, rows);
    if (rows.empty()) return "";
    const size_t shown = std::min(rows.size(), most_rows);
    size_t labels = 0;
    for (size_t i = 0; i < shown; ++i)
        labels = std::max(labels, std::min(columns_of(rows[i].label), widest_label));
    std::string text = section("Processes", style);
    for (size_t i = 0; i < shown; ++i) {
        const TreeRow& row = rows[i];
        const size_t width = std::max(labels, columns_of(row.label)) + 2;
        text += wrapped("  " + padded(row.label, width), row.state + row.text, style);
    }
    if (shown < rows.size())
        text += painted(fmt::format("  … {} more lines: --json has them all\n", rows.size() - shown),
                        Tone::faint, style);
    return text;
}

std::string why_section(const RunReport& report, const TextStyle& style) {
    std::string text;
    if (!report.explanation.empty()) {
        text = section("Why", style);
        for (const std::string& sentence : report.explanation) text += wrapped("  ", sentence, style);
    }
    // Of a diagnosis they are told with the threads that they are about; where the program has ended, nobody
    // asks.
    const bool ended = report.outcome == Outcome::exited || report.outcome == Outcome::signaled;
    const bool told = report.role == Role::diagnosis || ended;
    return text +
           list_section(report.proven ? "Doubts" : "Not proven, because",
                        told ? std::vector<std::string>() : report.doubts, style) +
           list_section("Notes", report.notes, style);
}

std::string stacks_section(const RunReport& report, const TextStyle& style) {
    std::string text;
    size_t stacks = 0;
    for (const DiagnosedProcess& process : report.processes) {
        for (const DiagnosedThread& thread : process.threads) {
            if (thread.stack.empty() || ++stacks > most_stacks) continue;
            text += fmt::format("  {} {}\n", process.path, thread.role);
            const size_t shown = std::min(most_frames, thread.stack.size());
            for (size_t i = 0; i < shown; ++i) text += frame_line(i, thread.stack[i]);
            if (shown < thread.stack.size())
                text +=
                    painted(fmt::format("    … {} more\n", thread.stack.size() - shown), Tone::faint, style);
        }
    }
    if (stacks > most_stacks)
        text += painted(fmt::format("  … {} more threads\n", stacks - most_stacks), Tone::faint, style);
    return text.empty() ? text : section("Stacks", style) + text;
}

std::string order_section(const RunReport& report, const TextStyle& style) {
    if (report.points.empty()) return "";
    auto points = report.points;
    std::ranges::stable_sort(points, std::less{},
                             [](const PointReport& p) { return p.reached_ms.value_or(1e300); });
    size_t names = 0;
    for (const PointReport& point : points) names = std::max(names, columns_of(point.name));
    std::string text = section("Order", style);
    for (const PointReport& point : points)
        text +=
            fmt::format("  {}  {:>9}  {}\n", padded(point.name, names),
                        point.reached_ms ? fmt::format("{:.1f} ms", *point.reached_ms) : "never", point.by);
    return text;
}

namespace {

// After a control or a hold with if_impossible = "go-on" the point may have come.
std::string unmet_text(const UnmetHold& unmet) {
    if (unmet.impossible)
        return fmt::format(
            "hold {}: {} can't come while a thread stays at {}, because everybody else waits for that "
            "thread, as is proven",
            unmet.hold, unmet.missing, unmet.at);
    return fmt::format("hold {}: a thread stayed at {} for {}, which never came: {}", unmet.hold, unmet.at,
                       unmet.missing, unmet.reason);
}

}  // namespace

std::string unmet_section(const RunReport& report, const TextStyle& style) {
    if (report.unmet.empty()) return "";
    const bool impossible = std::ranges::all_of(report.unmet, &UnmetHold::impossible);
    std::string text = section(impossible ? "Order not possible" : "Order not reached", style);
    for (const UnmetHold& unmet : report.unmet) {
        text += wrapped("  ", unmet_text(unmet), style);
        for (const std::string& sentence : unmet.instead) text += wrapped("    - ", sentence, style);
    }
    return text;
}

std::string mismatch_section(const RunReport& report, const TextStyle& style) {
    return list_section("Not as expected", report.mismatches, style);
}

std::string looking_section(const RunReport& report, const TextStyle& style) {
    std::string text;
    if (!report.kept.empty()) text += fmt::format("\nkept: {}\n", report.kept);
    if (!report.cores.empty()) {
        text += section("Core files", style);
        for (const CoreReport& core : report.cores)
            text += fmt::format("  {}: {}\n", core.process, typed({"gdb", core.program, core.file}));
    }
    if (report.keeper == 0) return text;
    text += section("Left alive, for an hour at most", style);
    const auto left = processes_to_look_at(report);
    const size_t shown = std::min(left.size(), most_left);
    for (size_t i = 0; i < shown; ++i)
        text += fmt::format("  {}: {}\n", left[i]->path,
                            typed(gdb_inside(*left[i], select_innermost(report, *left[i]))));
    if (shown < left.size())
        text += painted(fmt::format("  … {} more\n", left.size() - shown), Tone::faint, style);
    text += fmt::format("  who waits for whom: {}\n", typed(diagnose_left(report)));
    return text + fmt::format("  end it all: kill {}\n", report.keeper);
}

std::string output_section(const RunReport& report, const TextStyle& style) {
    if (report.as_expected) return "";
    std::string text;
    for (const StreamReport& stream : report.streams)
        text += stream_text(stream.process, "stdout", stream.out, stream.out_cut) +
                stream_text(stream.process, "stderr", stream.err, stream.err_cut);
    return text.empty() ? text : section("What the targets wrote, last lines", style) + text;
}

}  // namespace rehang
