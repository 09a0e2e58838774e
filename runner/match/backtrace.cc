#include "match/backtrace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>

#include "base/files.h"
#include "match/clean_lines.h"

namespace rehang {
namespace {

using std::string_view_literals::operator""sv;

// More than any stack that tells something, and a bound for what a text can make us keep.
constexpr size_t most_frames = 512;
constexpr size_t longest_frame = 8192;
constexpr size_t longest_heading = 400;

// The number that the text begins with, which is taken away.
std::optional<long> take_number(std::string_view& text) {
    long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return number;
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::string_view skip_spaces(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text;
}

std::optional<long> number_after(std::string_view text, std::string_view word) {
    const size_t at = text.find(word);
    if (at == std::string_view::npos) return std::nullopt;
    text.remove_prefix(at + word.size());
    return take_number(text);
}

// ---- one line ----

struct FrameLine {
    long number = 0;
    std::string_view text;
};

std::optional<FrameLine> frame_line(std::string_view line) {
    if (!take(line, "#")) return std::nullopt;
    const auto number = take_number(line);
    if (!number || *number > 1'000'000 || (!line.empty() && line.front() != ' ' && line.front() != '\t'))
        return std::nullopt;
    return FrameLine{.number = *number, .text = skip_spaces(line)};
}

struct ThreadLine {
    long inferior = 0;  // "Thread 2.1": the debugger had several processes at once; 0: not said
    long number = 0;    // 0: not said
    long lwp = 0;
    std::string name;
};

std::string quoted_in(std::string_view text) {
    const size_t open = text.find('"');
    const size_t close = open == std::string_view::npos ? open : text.find('"', open + 1);
    return close == std::string_view::npos ? "" : std::string(text.substr(open + 1, close - open - 1));
}

// gdb: `Thread 2 (Thread 0x7f… (LWP 16063) "call_rcu"):`, `Thread 1 (LWP 12):`, `Thread 2.1 (…)`; pstack:
// `Thread 1 (process 12):`; eu-stack: `TID 12:`.
std::optional<ThreadLine> thread_line(std::string_view line) {
    const std::string_view whole = line;
    ThreadLine thread;
    if (take(line, "TID ")) {
        const auto tid = take_number(line);
        if (!tid || !line.starts_with(':')) return std::nullopt;
        thread.lwp = *tid;
        return thread;
    }
    if (!take(line, "Thread ")) return std::nullopt;
    auto number = take_number(line);
    if (!number) return std::nullopt;
    if (take(line, ".")) {
        thread.inferior = *number;
        number = take_number(line);
        if (!number) return std::nullopt;
    }
    thread.number = *number;
    const size_t bracket = line.find('(');
    // `Thread 1 "x" received signal SIGINT` and `Thread 1 hit Breakpoint 1, main ()` are no headings.
    if (bracket == std::string_view::npos || line.contains(" received signal") || line.contains(" hit "))
        return std::nullopt;
    if (line.find_first_not_of(" \t") != bracket && !skip_spaces(line).starts_with('"')) return std::nullopt;
    thread.lwp = number_after(whole, "LWP ").value_or(number_after(whole, "process ").value_or(0));
    thread.name = quoted_in(whole);
    return thread;
}

// A line that closes what was said of a process.
std::optional<long> end_of_process(std::string_view line) {
    if (line.starts_with("[Inferior ") && line.contains("detached"))
        return number_after(line, "(process ").value_or(0);
    if (line.starts_with("Detaching from program")) return number_after(line, "process ").value_or(0);
    return std::nullopt;
}

std::string lower(std::string_view text) {
    std::string to(text);
    for (char& c : to) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return to;
}

// The number behind the word `pid` or `process`, with ":", "=", "#" or spaces between.
std::optional<long> pid_in(std::string_view line) {
    for (const auto word : {"pid"sv, "process"sv})
        for (size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
            if (at > 0 && std::isalnum(static_cast<unsigned char>(line[at - 1]))) continue;
            std::string_view rest = line.substr(at + word.size());
            rest.remove_prefix(std::min(rest.find_first_not_of(" \t:=#("), rest.size()));
            if (const auto pid = take_number(rest); pid && *pid > 0) return pid;
        }
    return std::nullopt;
}

// What people and debuggers write above the stacks of a process. Everything else that has a pid in it
// (warnings, [New process 12]) is no heading.
std::optional<long> heading(std::string_view original) {
    if (original.empty() || original.size() > longest_heading) return std::nullopt;
    const std::string line = lower(original);
    for (const auto command :
         {"gdb -p "sv, "(gdb) attach "sv, "attach "sv, "pstack "sv, "gstack "sv, "eu-stack -p "sv})
        if (const size_t at = line.find(command); at != std::string::npos && (at < 3 || command.size() > 7))
            if (const auto pid = number_after(line, command)) return pid;
    const auto pid = pid_in(line);
    if (!pid) return std::nullopt;
    const bool marked = "=-*#+"sv.contains(line.front()) || line.ends_with(':');
    const bool begins = line.starts_with("attaching to ") || line.starts_with("process") ||
                        line.starts_with("pid") || line.starts_with("stacks of ");
    return marked || begins ? pid : std::nullopt;
}

// "Attaching to program: /usr/bin/x, process 12", "Reading symbols from /usr/bin/x...", and of `info
// inferiors` "* 1    process 12     1 (native)    /usr/bin/x".
std::string program_in(std::string_view line) {
    if (line.starts_with("* ") && line.contains("(native)"))
        if (const size_t path = line.rfind(" /"); path != std::string_view::npos)
            return std::string(line.substr(path + 1));
    for (const auto start : {"Attaching to program: "sv, "Reading symbols from "sv})
        if (line.starts_with(start)) {
            line.remove_prefix(start.size());
            return std::string(line.substr(0, std::min(line.find("..."), line.find_first_of(", "))));
        }
    return {};
}

// "Core was generated by `/usr/bin/x -a'."
std::string command_in(std::string_view line) {
    if (!take(line, "Core was generated by `")) return {};
    return std::string(line.substr(0, line.rfind('\'')));
}

SeenFrame frame_of(std::string_view text) {
    if (take(text, "0x")) {
        text.remove_prefix(std::min(text.find_first_not_of("0123456789abcdefABCDEF"), text.size()));
        text = skip_spaces(text);
        take(text, "in ");
    }
    SeenFrame frame{.function = function_in(text), .module = {}};
    if (const size_t from = text.rfind(" from "); from != std::string_view::npos) {
        const std::string_view file = text.substr(from + 6);
        frame.module = std::string(file_name(file.substr(0, file.find(' '))));
    }
    return frame;
}

// Whether a frame's text is all there, looked at as it comes: its brackets are closed. gdb breaks long lines,
// and so do terminals.
class Completeness {
  public:
    void add(std::string_view text) {
        for (const char c : text) {
            if (quoted_) {
                if (!escaped_ && c == '"') quoted_ = false;
                escaped_ = !escaped_ && c == '\\';
            } else if (c == '"') {
                quoted_ = true;
            } else if (c == '(') {
                ++depth_;
                any_ = true;
            } else if (c == ')' && depth_ > 0) {
                --depth_;
            }
        }
    }
    bool complete() const { return any_ && depth_ == 0 && !quoted_; }

  private:
    bool quoted_ = false, escaped_ = false, any_ = false;
    unsigned depth_ = 0;
};

// ---- the whole text ----

class Reader {
  public:
    void line(const std::string& line, bool indented) {
        if (line.empty()) return close_frame();
        if (const auto frame = frame_line(line)) return begin_frame(*frame);
        if (const auto thread = thread_line(line)) return begin_thread(*thread);
        if (const auto pid = end_of_process(line)) {
            close_frame();
            if (*pid > 0 && !processes_.empty()) name(processes_.back(), *pid);
            closed_ = true;
            return;
        }
        if (continues_frame(line, indented)) return;
        if (const auto pid = heading(line)) return begin_named_process(line, *pid);
        note_program(line);
    }

    Sighting finish(std::string title) {
        close_frame();
        merge_halves();
        Sighting sighting{.title = std::move(title),
                          .processes = {},
                          .separated = named_ || processes_.size() > 1,
                          .hung = true,
                          .proven = false,
                          .is_report = false,
                          .cause = Cause::unknown,
                          .told = {}};
        for (Process& process : processes_) {
            tidy(process.seen.threads);
            if (!process.seen.threads.empty()) sighting.processes.push_back(std::move(process.seen));
        }
        for (size_t i = 0; i < sighting.processes.size(); ++i)
            if (sighting.processes[i].label.empty())
                sighting.processes[i].label = fmt::format("process #{}", i + 1);
        return sighting;
    }

  private:
    // Threads whose numbers were not said are there where the text has nothing but frames; next to others it
    // is one of those, shown when the debugger opened a core file.
    static void tidy(std::vector<SeenThread>& threads) {
        std::erase_if(threads, [](const SeenThread& t) { return t.stack.empty(); });
        if (std::ranges::any_of(threads, [](const SeenThread& t) { return t.nth != 0; }))
            std::erase_if(threads, [](const SeenThread& t) { return t.nth == 0; });
        for (size_t i = 0; i < threads.size(); ++i) {
            SeenThread& thread = threads[i];
            thread.wait = wait_of(thread.stack);
            if (thread.nth != 0) continue;
            thread.nth = static_cast<unsigned>(i) + 1;
            thread.label = fmt::format("thread {}", thread.nth);
        }
    }

    struct Process {
        SeenProcess seen;
        long inferior = 0;
        std::set<long> numbers;  // of its threads
        long last = 0;
        enum { unknown, up, down } order = unknown;
        bool implied = false;  // its beginning was not said, only concluded
    };

    Process& current() {
        if (processes_.empty() || closed_) {
            processes_.emplace_back();
            closed_ = false;
        }
        return processes_.back();
    }

    static void name(Process& process, long pid) {
        if (process.seen.pid != 0) return;
        process.seen.pid = pid;
        process.seen.label = fmt::format("process {}", pid);
    }

    void begin_named_process(std::string_view line, long pid) {
        close_frame();
        named_ = true;
        const bool same = !processes_.empty() && !closed_ && processes_.back().seen.pid == pid;
        const bool empty = !processes_.empty() && !closed_ && processes_.back().seen.threads.empty();
        if (!same) {
            if (empty) processes_.back().seen.pid = 0;
            if (!empty) closed_ = true;
            name(current(), pid);
        }
        note_program(line);
    }

    void note_program(std::string_view line) {
        if (const std::string command = command_in(line); !command.empty()) {
            close_frame();
            if (!processes_.empty() && !processes_.back().seen.threads.empty()) closed_ = true;
            named_ = true;
            current().seen.command = command;
        }
        const std::string program = program_in(line);
        if (!program.empty() && current().seen.threads.empty() && current().seen.program.empty())
            current().seen.program = program;
    }

    void begin_thread(const ThreadLine& line) {
        close_frame();
        if (begins_process(line)) {
            closed_ = true;
            current().implied = line.inferior == 0;
        }
        frames_in_ = 0;
        Process& process = current();
        process.inferior = line.inferior;
        if (line.number > 0) {
            if (process.last > 0) process.order = line.number > process.last ? Process::up : Process::down;
            process.last = line.number;
            process.numbers.insert(line.number);
            if (line.number == 1 && line.lwp > 0) name(process, line.lwp);
        }
        const long number =
            line.number > 0 ? line.number : static_cast<long>(process.seen.threads.size()) + 1;
        process.seen.threads.push_back({.label = line.lwp > 0
                                                     ? fmt::format("thread {} (LWP {})", number, line.lwp)
                                                     : fmt::format("thread {}", number),
                                        .name = line.name,
                                        .nth = static_cast<unsigned>(number),
                                        .wait = WaitClass::any,
                                        .stack = {},
                                        .origin = false});
    }

    // gdb lists from the highest number down to 1, or, if asked to, upwards: a number that does not fit
    // belongs to the next process.
    bool begins_process(const ThreadLine& line) const {
        if (processes_.empty() || closed_ || line.number == 0) return false;
        const Process& process = processes_.back();
        if (process.seen.threads.empty()) return false;
        if (line.inferior != process.inferior) return true;
        if (process.numbers.contains(line.number)) return true;
        if (process.order == Process::down) return line.number > process.last;
        if (process.order == Process::up) return line.number < process.last;
        return process.last == 1;
    }

    // A process without a first thread, whose beginning nobody said, is the rest of one that is listed
    // upwards.
    void merge_halves() {
        std::vector<Process> whole;
        for (Process& process : processes_) {
            if (whole.empty() || !process.implied || process.numbers.contains(1))
                whole.push_back(std::move(process));
            else
                std::ranges::move(process.seen.threads, std::back_inserter(whole.back().seen.threads));
        }
        processes_ = std::move(whole);
    }

    void begin_frame(const FrameLine& line) {
        close_frame();
        auto& threads = current().seen.threads;
        if (threads.empty() || (frames_in_ > 0 && line.number <= last_frame_)) {
            threads.emplace_back();
            frames_in_ = 0;
        }
        last_frame_ = line.number;
        ++frames_in_;
        open_ = true;
        text_ = std::string(line.text.substr(0, longest_frame));
        completeness_ = {};
        completeness_.add(text_);
    }

    bool continues_frame(std::string_view line, bool indented) {
        if (!open_) return false;
        const bool place = indented && (line.starts_with("at ") || line.starts_with("from "));
        const bool bracketed = line.starts_with('[') && line.ends_with(']');
        if ((completeness_.complete() && !place) || bracketed) {
            close_frame();
            return false;
        }
        if (text_.size() + line.size() < longest_frame) {
            if (indented) text_ += ' ';
            text_ += line;
            completeness_.add(line);
        }
        return true;
    }

    void close_frame() {
        if (!open_) return;
        open_ = false;
        auto& stack = processes_.back().seen.threads.back().stack;
        if (stack.size() < most_frames) stack.push_back(frame_of(text_));
    }

    std::vector<Process> processes_;
    bool closed_ = false;  // what comes next is of another process
    bool named_ = false;   // the text says where processes begin
    bool open_ = false;    // a frame is being read
    std::string text_;
    Completeness completeness_;
    long last_frame_ = 0;
    size_t frames_in_ = 0;  // the thread that is being read
};

}  // namespace

Sighting read_backtrace(std::string_view text, std::string title) {
    Reader reader;
    CleanLines lines(text);
    std::string line;
    for (bool indented = false; lines.next(line, indented);) reader.line(line, indented);
    return reader.finish(std::move(title));
}

}  // namespace rehang
