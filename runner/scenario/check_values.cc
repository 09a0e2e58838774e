#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>

#include "base/names.h"
#include "base/pattern.h"
#include "base/suggest.h"
#include "scenario/argument_text.h"
#include "scenario/checks.h"
#include "scenario/condition_text.h"
#include "scenario/event_text.h"
#include "scenario/names_of.h"
#include "scenario/references.h"
#include "scenario/understand_fault.h"

namespace rehang {
namespace {

constexpr size_t longest_thread_name = 15;  // TASK_COMM_LEN without its NUL, include/linux/sched.h

constexpr size_t longest_socket_path = 107;  // sockaddr_un.sun_path without its NUL, unix(7)

class ValueCheck {
  public:
    ValueCheck(const Scenario& scenario, Stage stage, Problems& problems)
        : scenario_(scenario), stage_(stage), problems_(problems) {}

    void run() {
        for (const Text& need : scenario_.needs) need_text(need);
        for (const Text& folder : scenario_.sandbox.private_folders) private_folder(folder);
        files_of_sandbox();
        for (const ProcessDecl& declared : scenario_.processes) program(declared);
        for (const PointDecl& declared : scenario_.points) point(declared);
        for (const ForkOrderDecl& declared : scenario_.fork_order) child_of_fork(declared.process);
        for (const FaultDecl& declared : scenario_.faults) fault(declared);
        for (const FakeDecl& declared : scenario_.fakes) fake(declared);
        expectation(scenario_.expect);
        for (const ExpectForDecl& other : scenario_.expect_for) expectation(other.expect);
        if (scenario_.control) expectation(scenario_.control->expect);
    }

  private:
    // Whether the text is there and can be judged at this stage.
    bool known(const Text& text) const {
        return !text.value.empty() && (stage_ == Stage::with_params || !has_references(text.value));
    }

    void program(const ProcessDecl& process) {
        const bool judged =
            !process.argv.empty() && (stage_ == Stage::with_params || !has_references(process.argv[0].value));
        if (judged && process.argv[0].value.empty())
            problems_.error(process.argv[0].at, "the program's name is empty");
        if (process.cwd && known(*process.cwd) && !process.cwd->value.starts_with('/'))
            problems_.error(process.cwd->at, fmt::format("\"{}\" is no absolute path", process.cwd->value));
        if (process.qmp && known(process.qmp->socket)) socket(process.qmp->socket);
        if (process.qmp && process.qmp->pidfile && known(*process.qmp->pidfile))
            absolute(*process.qmp->pidfile);
    }

    bool absolute(const Text& path) {
        if (path.value.starts_with('/')) return true;
        problems_.error(path.at, fmt::format("\"{}\" is no absolute path", path.value));
        return false;
    }

    void socket(const Text& path) {
        if (absolute(path) && path.value.size() > longest_socket_path)
            problems_.error(path.at,
                            fmt::format("a socket's path has at most {} bytes", longest_socket_path));
    }

    void need_text(const Text& need) {
        if (!known(need)) return;
        const size_t colon = need.value.find(':');
        const std::string kind = need.value.substr(0, colon);
        if (colon == std::string::npos || colon + 1 == need.value.size())
            problems_.error(need.at, fmt::format("\"{}\" is no need", need.value),
                            R"(write "file:LIBRARY-OR-PATH", "program:NAME" or "root:arm64")");
        else if (kind != "file" && kind != "program" && kind != "root")
            problems_.error(need.at,
                            fmt::format("unknown kind of need \"{}\"{}", kind,
                                        did_you_mean(kind, {"file", "program", "root"})),
                            R"(known are: "file:LIBRARY-OR-PATH", "program:NAME", "root:arm64")");
        else if (kind == "root" && need.value != "root:arm64")
            problems_.error(need.at, fmt::format("unknown root \"{}\"", need.value.substr(colon + 1)),
                            R"(known is: "root:arm64")");
    }

    void private_folder(const Text& folder) {
        if (known(folder) && !is_below_root(folder.value))
            problems_.error(folder.at, fmt::format("\"{}\" can't be a private folder", folder.value),
                            "write an absolute path below \"/\", without \"..\"");
    }

    static bool is_below_root(const std::string& folder) {
        const std::string path = folder + "/";
        return path.starts_with('/') && path.find("/../") == std::string::npos &&
               path.find_first_not_of('/') != std::string::npos;
    }

    void files_of_sandbox() {
        std::map<std::string, Span> first;
        for (const SandboxFileDecl& file : scenario_.sandbox.files) {
            if (!known(file.path)) continue;
            if (!is_below_root(file.path.value) || file.path.value.ends_with('/')) {
                problems_.error(file.path.at, fmt::format("\"{}\" is no path of a file", file.path.value),
                                "write an absolute path, without \"..\"");
                continue;
            }
            const std::string path = std::filesystem::path(file.path.value).lexically_normal().string();
            if (const auto [known, is_new] = first.emplace(path, file.path.at); !is_new)
                problems_.error(file.path.at, fmt::format("there is a file {} already, in line {}", path,
                                                          known->second.line));
            file_and_folders(path, file.path.at);
        }
        for (const auto& [path, at] : first)
            for (const auto& [other, span] : first)
                if (other.starts_with(path + "/"))
                    problems_.error(at, fmt::format("{} (line {}) lies below this file", other, span.line));
    }

    // A private folder can't be where the file is, nor below it.
    void file_and_folders(const std::string& file, Span at) {
        std::vector<std::string> folders = {"/tmp", "/var/tmp", "/run", "/dev/shm"};
        for (const Text& folder : scenario_.sandbox.private_folders)
            if (known(folder)) folders.push_back(std::filesystem::path(folder.value).lexically_normal());
        for (const std::string& folder : folders)
            if ((folder + "/").starts_with(file + "/"))
                problems_.error(at, fmt::format("{} can't be a file: {} is a private folder", file, folder));
    }

    void process_path(const Text& text) {
        if (!known(text)) return;
        const auto path = ProcessPath::parse(text.value);
        if (!path) {
            problems_.error(
                text.at, fmt::format("\"{}\" is no place in a fork tree", text.value),
                text.value.find('@') == std::string::npos
                    ? R"(write the name of a [[process]], and "/N" for the N-th fork child: "probe", "probe/1", "probe/1/2")"
                    : R"("@execN" stands at the end: "probe/1@exec2" is probe/1 from its second execve to its third)");
            return;
        }
        const auto roots = names_of(scenario_.processes);
        if (roots.empty() || std::ranges::find(roots, path->root) != roots.end()) return;
        problems_.error(text.at, fmt::format("there is no process \"{}\"{}", path->root,
                                             did_you_mean(path->root, roots)));
    }

    void thread_selector(const std::optional<Text>& text) {
        if (!text || !known(*text)) return;
        const auto selector = ThreadSelector::parse(text->value);
        if (!selector)
            problems_.error(text->at,
                            fmt::format("\"{}\" selects no thread{}", text->value,
                                        did_you_mean(text->value, {"any", "main", "!main"})),
                            R"(write "main", "!main", "any", "name:COMM" or "nth:N")");
        else if (selector->name.size() > longest_thread_name)
            problems_.error(text->at,
                            fmt::format("no thread can have the name \"{}\": the kernel keeps {} bytes",
                                        selector->name, longest_thread_name));
    }

    template <class Parse>
    void event(const std::optional<Text>& text, const Parse& parse) {
        if (!text || !known(*text)) return;
        if (const auto parsed = parse(text->value); !parsed) problems_.error(text->at, parsed.error());
    }

    void point(const PointDecl& point) {
        process_path(point.process);
        thread_selector(point.thread);
        event(point.enter, parse_enter);
        event(point.leave, parse_leave);
        if (!point.where.empty()) arguments(point);
        if (point.fork) child_of_fork(point.process);
        if (point.fault) process_of_fault(point);
        if (point.prints || point.stream) printing(point);
        if (point.file && known(*point.file)) path_of_point(*point.file);
        if (point.signal && known(*point.signal)) signal_of_point(*point.signal);
        if (point.execs && known(*point.execs) && point.thread && known(*point.thread))
            executing_thread(*point.thread);
        if (const auto path = ProcessPath::parse(point.process.value);
            path && path->exec.value_or(0) > 0 && is_birth_of_process(point))
            problems_.error(point.process.at,
                            fmt::format("{} is born before its first execve", path->place()),
                            R"(leave "@execN" away, or name an event of the program)");
        if (point.nth.value > 1 && happens_once(point))
            problems_.error(point.nth.at, fmt::format("this can't happen {} times: a thread is born once and "
                                                      "exits once, and one fork makes a process",
                                                      point.nth.value));
    }

    // The name of the call that the point is about; nothing if it is about none, or not known yet.
    static std::optional<std::string> call_of(const PointDecl& point) {
        if (point.leave) return name_of_call(parse_leave(point.leave->value));
        return point.enter ? name_of_call(parse_enter(point.enter->value)) : std::nullopt;
    }
    template <class Name>
    static std::optional<std::string> name_of_call(const std::expected<Name, std::string>& name) {
        const auto* call = name ? std::get_if<SyscallName>(&*name) : nullptr;
        return call ? std::optional(call->name) : std::nullopt;
    }

    void arguments(const PointDecl& point) {
        const auto open = [&](const std::optional<Text>& text) { return text && !known(*text); };
        if (open(point.enter) || open(point.leave)) return;
        const auto call = call_of(point);
        if (!call) {
            const bool misspelt = (point.enter && !parse_enter(point.enter->value)) ||
                                  (point.leave && !parse_leave(point.leave->value));
            if (!misspelt)
                problems_.error(point.where.front().first.at,
                                "only points at system calls have arguments to compare",
                                "write enter = \"syscall:NAME\" or leave = \"syscall:NAME\" with it");
            return;
        }
        std::map<unsigned, std::string> seen;
        for (const auto& [name, value] : point.where) argument(*call, name, value, seen);
    }

    void argument(const std::string& call, const Text& name, const Text& value,
                  std::map<unsigned, std::string>& seen) {
        const auto index = parse_argument_name(call, name.value);
        if (!index) return problems_.error(name.at, index.error(), argument_names_hint(call));
        const auto [first, is_new] = seen.emplace(*index, name.value);
        if (!is_new)
            problems_.error(name.at, fmt::format("\"{}\" and \"{}\" are the same argument of {}",
                                                 first->second, name.value, call));
        if (!known(value)) return;
        if (const auto parsed = parse_argument_value(call, *index, value.value); !parsed)
            problems_.error(value.at, parsed.error());
    }

    void path_of_point(const Text& path) {
        const std::string whole = path.value + "/";
        if (path.value.starts_with('/') && !path.value.ends_with('/') &&
            whole.find("/../") == std::string::npos && whole.find("/./") == std::string::npos)
            return;
        problems_.error(path.at, fmt::format("\"{}\" is no path of a file to wait for", path.value),
                        "write an absolute path, without \".\", \"..\" and a slash at its end");
    }

    void signal_name_is_known(const Text& name) {
        if (signal_value(name.value)) return;
        problems_.error(name.at, fmt::format("unknown signal \"{}\"{}", name.value,
                                             did_you_mean(name.value, signal_names())));
    }

    void signal_of_point(const Text& name) {
        signal_name_is_known(name);
        if (signal_value(name.value) == SIGKILL)
            problems_.error(name.at, "nobody sees SIGKILL coming, so no thread can pass this point",
                            "a thread that ends passes `exits = true`, even if it is killed");
    }

    void executing_thread(const Text& text) {
        const auto selector = ThreadSelector::parse(text.value);
        if (selector && !selector->matches({}, 1) && selector->kind != ThreadSelector::Kind::name)
            problems_.error(text.at,
                            fmt::format("no thread but main passes this point: execve ends all others, and "
                                        "makes the one that called it main"));
    }

    // A stream belongs to a [[process]] and all that descend from it: nobody can tell which of them wrote.
    void printing(const PointDecl& point) {
        if (!point.prints) return problems_.error(point.stream->at, "only points that print have a stream");
        const auto path = known(point.process) ? ProcessPath::parse(point.process.value) : std::nullopt;
        if (path && path->exec)
            problems_.error(point.process.at, "what is printed does not show by which program of a process",
                            R"(leave "@execN" away)");
        if (path && !path->forks.empty())
            problems_.error(
                point.process.at,
                fmt::format("{} has no stream of its own: it writes to {}'s", point.process.value,
                            path->root),
                fmt::format("write process = \"{}\", or use a point at syscall:write", path->root));
        if (point.thread)
            problems_.error(point.thread->at, "what is printed shows no thread",
                            "leave \"thread\" out, or use a point at syscall:write");
        const std::vector<std::string> streams = {"stdout", "stderr"};
        if (point.stream && std::ranges::find(streams, point.stream->value) == streams.end())
            problems_.error(point.stream->at,
                            fmt::format("unknown stream \"{}\"{}", point.stream->value,
                                        did_you_mean(point.stream->value, streams)),
                            "known are: stdout, stderr");
        if (!known(*point.prints)) return;
        if (const auto pattern = Pattern::parse(point.prints->value); !pattern)
            problems_.error(point.prints->at, fmt::format("\"{}\" is no regular expression: {}",
                                                          point.prints->value, pattern.error()));
    }

    void process_of_fault(const PointDecl& point) {
        const auto fault = std::ranges::find(scenario_.faults, point.fault->value,
                                             [](const FaultDecl& declared) { return declared.name.value; });
        if (fault == scenario_.faults.end() || !fault->call) return;
        if (!known(point.process) || !known(fault->process)) return;
        const auto here = ProcessPath::parse(point.process.value);
        const auto there = ProcessPath::parse(fault->process.value);
        if (!here || !there || (fault->call->below ? here->within(*there) : here->same_process(*there)))
            return;
        problems_.error(
            point.process.at,
            fmt::format("\"{}\" never fires in {}: it is a fault of {} (line {})", fault->name.value,
                        point.process.value, fault->process.value, fault->process.at.line));
    }

    void child_of_fork(const Text& text) {
        process_path(text);
        const auto path = known(text) ? ProcessPath::parse(text.value) : std::nullopt;
        if (path && path->forks.empty())
            problems_.error(text.at, fmt::format("no fork makes {}: the runner starts it", text.value),
                            fmt::format("name the child: \"{}/1\"", text.value));
        if (path && path->exec)
            problems_.error(text.at, "a fork makes a process, not one of its programs",
                            R"(leave "@execN" away)");
    }

    bool is_birth_of_process(const PointDecl& point) const {
        if (!point.born) return false;
        const auto selector = point.thread ? ThreadSelector::parse(point.thread->value) : std::nullopt;
        return !point.thread || (selector && selector->matches({}, 1) && !selector->matches({}, 2));
    }

    bool happens_once(const PointDecl& point) const {
        if (point.fork) return true;
        if (!point.born && !point.exits) return false;
        if (!point.thread) return true;
        if (!known(*point.thread)) return false;
        const auto selector = ThreadSelector::parse(point.thread->value);
        return selector &&
               (selector->kind == ThreadSelector::Kind::main || selector->kind == ThreadSelector::Kind::nth);
    }

    void fault(const FaultDecl& fault) {
        process_path(fault.process);
        event(fault.function, parse_function);
        if (!fault.call) return;
        thread_selector(fault.call->thread);
        understand_fault(fault, stage_, problems_);
    }

    void fake(const FakeDecl& fake) {
        if (fake.process) process_path(*fake.process);
        if (known(fake.device)) path_of_device(fake.device);
    }

    void path_of_device(const Text& path) {
        const std::string whole = path.value + "/";
        if (path.value.starts_with('/') && !path.value.ends_with('/') && !whole.contains("//") &&
            !whole.contains("/../") && !whole.contains("/./"))
            return;
        problems_.error(path.at, fmt::format("\"{}\" is no path of a device", path.value),
                        "write an absolute path, without \".\", \"..\" and a slash at its end: \"/dev/kvm\"");
    }

    void expectation(const ExpectDecl& expect) {
        if (expect.cause && expect.outcome.at.line > 0 && expect.outcome.value != Outcome::hung)
            problems_.error(expect.cause->at,
                            fmt::format("only a hang has a cause, and the outcome expected is \"{}\"",
                                        to_text(expect.outcome.value)));
        if (expect.signal) signal_name_is_known(*expect.signal);
        for (const ExpectThreadDecl& thread : expect.threads) {
            process_path(thread.process);
            thread_selector(thread.thread);
        }
        for (const ExpectProcessDecl& process : expect.processes) {
            process_path(process.process);
            process_state(process.state);
        }
    }

    void process_state(const Text& state) {
        const std::vector<std::string> states = {"zombie", "running", "gone"};
        if (state.value.empty() || std::ranges::find(states, state.value) != states.end()) return;
        problems_.error(state.at,
                        fmt::format("unknown state \"{}\"{}", state.value, did_you_mean(state.value, states)),
                        fmt::format("known are: {}", fmt::join(states, ", ")));
    }

    const Scenario& scenario_;
    Stage stage_;
    Problems& problems_;
};

}  // namespace

void check_values(const Scenario& scenario, Stage stage, Problems& problems) {
    ValueCheck(scenario, stage, problems).run();
}

}  // namespace rehang
