#include "scaffold/scaffold.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "base/files.h"
#include "base/quoted.h"
#include "base/utf8.h"
#include "base/words.h"
#include "scaffold/lock_wait.h"
#include "scaffold/places.h"

namespace rehang {
namespace {

// "${" begins a parameter in a scenario; "$${" is the text itself.
std::string literally(std::string_view text) {
    std::string result;
    for (size_t at = 0; at < text.size(); ++at) {
        if (text.substr(at).starts_with("${")) result += '$';
        result += text[at];
    }
    return result;
}

std::string array_of(const std::vector<std::string>& texts) {
    std::vector<std::string> all;
    for (const std::string& text : texts) all.push_back(quoted(literally(text)));
    return fmt::format("[{}]", fmt::join(all, ", "));
}

// Any text as part of a comment.
std::string plain(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    return text;
}

std::string scope_of(const std::string& name) {
    const size_t scope = name.rfind("::");
    return scope == std::string::npos ? "" : name.substr(0, scope + 2);
}

class Writer {
  public:
    Writer(const Sighting& seen, const Started& started, const FunctionsOf& functions_of)
        : seen_(seen), started_(started), functions_of_(functions_of), places_(find_places(seen)) {
        for (const Place& place : places_.tree) {
            if (!place.process) continue;
            for (const SeenThread& thread : place.process->threads)
                if (auto wait = lock_wait_of(thread)) waits_.push_back({&place, std::move(*wait)});
        }
        find_program();
    }

    std::string text() {
        head();
        process();
        if (!waits_.empty() && !parent_of(waits_.front().place->path).empty())
            across_fork();
        else if (!waits_.empty())
            within_process();
        else
            no_lock();
        faults();
        expectation();
        return text_;
    }

  private:
    struct At {
        const Place* place;
        LockWait wait;
    };

    template <class... T>
    void line(fmt::format_string<T...> format, T&&... values) {
        text_ += fmt::format(format, std::forward<T>(values)...);
        text_ += '\n';
    }
    void comment(const std::string& text) { text_ += fmt::format("# {}\n", plain(text)); }

    void find_program() {
        argv_ = started_.argv;
        if (!argv_.empty()) return;
        for (const Place& place : places_.tree)
            if (place.process && argv_.empty()) argv_ = words(place.process->command);
        for (const Place& place : places_.tree)
            if (place.process && argv_.empty() && !place.process->program.empty())
                argv_ = {place.process->program};
        if (argv_.empty()) argv_ = {places_.root};
    }

    void head() {
        comment(
            fmt::format("A first scenario for the hang of {}, written by `rehang scaffold`.", seen_.title));
        comment("What follows from the stacks is filled in; TODO is what is to be found out.");
        for (const std::string& sentence : places_.concluded) comment(fmt::format("- {}.", sentence));
        for (const SeenProcess* other : places_.others)
            comment(fmt::format("- {} {}was seen, too: if it takes part, make it a [[process]].",
                                other->label,
                                other->program.empty() ? "" : fmt::format("({}) ", other->program)));
        line("format = 1\n\n[scenario]");
        line("name    = {}", quoted(scenario_name()));
        line("summary = \"a hang that was seen: TODO\"");
        line("needs   = [{}]\n",
             quoted(fmt::format("{}:{}", argv_.front().contains('/') ? "file" : "program", argv_.front())));
        line(
            "[sandbox]\nlimits.memory = \"16GiB\"   # of address space; files below /tmp are the sandbox's "
            "own\n");
    }

    // Names of scenarios have small letters, digits and "-".
    std::string scenario_name() const {
        std::string name = places_.root + "-hang";
        std::ranges::replace(name, '_', '-');
        return name;
    }

    void process() {
        line("[[process]]");
        line("name    = {}", quoted(places_.root));
        if (started_.argv.empty()) comment("TODO: a backtrace does not tell the arguments.");
        line("argv    = {}", array_of(argv_));
        auto preload = started_.preload;
        if (preload.empty() && started_.argv.empty() && is_allocator()) {
            comment("An allocator of its own: preloaded, as here, or linked; a backtrace does not tell.");
            preload = {waits_.front().wait.taker.module};
        }
        if (!preload.empty()) line("preload = {}", array_of(preload));
        line("");
    }

    bool is_allocator() const {
        return !waits_.empty() && waits_.front().wait.taker.module.contains("malloc");
    }

    // A preloaded library is named as it is preloaded, not by the file that this leads to.
    std::string module_of(const LockWait& wait) const {
        const std::string& module = wait.taker.module;
        for (const std::string& preloaded : started_.preload)
            if (const auto name = file_name(preloaded); module.starts_with(name)) return std::string(name);
        return module.empty() ? std::string(file_name(argv_.front())) : module;
    }

    // Of a thread that is not the first one if there is one: the parent's helper is of its kind.
    const At& of_helper() const {
        const auto found = std::ranges::find_if(waits_, [&](const At& at) {
            return at.place == waits_.front().place && at.wait.thread->nth != 1;
        });
        return found == waits_.end() ? waits_.front() : *found;
    }

    void across_fork() {
        const std::string child = waits_.front().place->path, parent = parent_of(child);
        const At& helper = of_helper();
        const std::string module = module_of(helper.wait);
        comment(
            fmt::format("{} waits for a lock, and was forked by {}. If nobody in {} has the lock, another",
                        child, parent, child));
        comment(fmt::format(
            "thread of {} held it at the fork, which copies the locked lock but not that thread. These",
            parent));
        comment("holds make the fork fall there: a helper thread starts ...");
        point("helper", parent, "!main", "born    = true");
        comment("... the main thread comes to its fork ...");
        point("fork", parent, "main", "enter   = \"libc.so.6!fork\"");
        comment("... the helper has the lock ...");
        comment(fmt::format("TODO: {} takes the lock, and at its entry does not have it yet. What is",
                            helper.wait.taker.function));
        comment("wanted is a function that is called while the lock is held.");
        suggest(module, helper.wait.taker.function);
        point("in_lock", parent, "!main",
              fmt::format("enter   = {}", quoted(fmt::format("{}!{}", module, helper.wait.taker.function))));
        comment("... and there is a copy of the locked lock.");
        point("copy", child, "", "born    = true");
        hold("helper", "fork");
        hold("fork", "in_lock");
        hold("in_lock", "copy");
        guard_ = handler_of(module);
        guarded_ = module;
    }

    void no_lock() {
        comment(
            "TODO: no thread was seen at a lock. Give the order that matters: [point.NAME] and [[hold]].");
        line("");
    }

    void within_process() {
        comment(
            "Threads of one process wait for locks. If each holds what another one wants: let each come to "
            "its");
        comment(
            "second lock before the others go on. TODO: holds between these points, in the order that "
            "hangs.");
        for (size_t i = 0; i < waits_.size(); ++i) {
            const At& at = waits_[i];
            point(fmt::format("lock_{}", i + 1), at.place->path, at.wait.thread->nth == 1 ? "main" : "!main",
                  fmt::format("enter   = {}",
                              quoted(fmt::format("{}!{}", module_of(at.wait), at.wait.taker.function))));
        }
    }

    void point(const std::string& name, const std::string& process, const std::string& thread,
               const std::string& event) {
        line("[point.{}]\nprocess = {}", name, quoted(process));
        if (!thread.empty()) line("thread  = {}", quoted(thread));
        line("{}\n", event);
    }

    void hold(const std::string& at, const std::string& until) {
        line("[[hold]]\nat    = {}\nuntil = {}\n", quoted(at), quoted(until));
    }

    // Functions of the same class may be called with the lock held.
    void suggest(const std::string& module, const std::string& taker) {
        const std::string scope = scope_of(taker);
        if (scope.empty()) return;
        std::vector<std::string> names;
        for (const std::string& name : functions_of_(module))
            if (scope_of(name) == scope && name != taker && !name.contains(' '))
                names.push_back(name.substr(scope.size()));
        std::ranges::sort(names);
        names.erase(std::ranges::unique(names).begin(), names.end());
        constexpr size_t most = 24;
        if (names.size() > most) names.resize(most);
        if (!names.empty())
            comment(fmt::format("Of {} there are: {}.", scope.substr(0, scope.size() - 2),
                                fmt::join(names, ", ")));
    }

    // A function of the library that registers handlers for forks.
    std::string handler_of(const std::string& module) const {
        for (const std::string& name : functions_of_(module))
            if (name.contains("atfork") && !name.starts_with("_Z") && !name.contains(' ')) return name;
        return {};
    }

    void faults() {
        if (!guard_.empty()) {
            comment(fmt::format(
                "{} has handlers that take its locks before a fork. Where the hang was seen they were not in",
                guarded_));
            comment("force, or the lock is none of theirs: without them this library is like that one.");
            line("[[fault]]\nname     = \"no-fork-handlers\"\nprocess  = {}\nfunction = {}\nreturn   = 0\n",
                 quoted(places_.root), quoted(fmt::format("{}!{}", guarded_, guard_)));
        }
        comment(
            "What an io_uring does is not followed, so nothing could be proven of a process that has one. "
            "Programs");
        comment("get along without it on a kernel that has none.");
        line(
            "[[fault]]\nname    = \"no-io-uring\"\nprocess = {}\nsyscall = \"io_uring_setup\"\nerrno   = "
            "\"ENOSYS\"\n",
            quoted(places_.root));
    }

    Cause cause() const {
        if (seen_.cause != Cause::unknown) return seen_.cause;
        if (waits_.empty()) return Cause::unknown;
        return parent_of(waits_.front().place->path).empty() ? Cause::unknown : Cause::inherited_lock;
    }

    static std::string_view kind_of(WaitClass wait) {
        switch (wait) {
            case WaitClass::read:
                return "pipe-read";
            case WaitClass::child:
                return "child";
            case WaitClass::poll:
                return "poll";
            case WaitClass::futex:
                return "futex";
            default:
                return "";
        }
    }

    void expectation() {
        line("[expect]\noutcome = \"hung\"");
        if (cause() != Cause::unknown) line("cause   = {}", quoted(to_text(cause())));
        line("");
        for (const Place& place : places_.tree) {
            if (place.zombie)
                line("[[expect.process]]\nprocess = {}\nstate   = \"zombie\"\n", quoted(place.path));
            if (place.process && !place.zombie) expect_threads(place);
        }
        if (guard_.empty()) return;
        comment("The same with the handlers in force must not hang.");
        line("[control]\ndrop    = [\"no-fork-handlers\"]\noutcome = \"exited\"");
    }

    // Those at a lock, and what the first thread of the other processes waits in.
    void expect_threads(const Place& place) {
        for (const SeenThread& thread : place.process->threads) {
            const auto lock = lock_wait_of(thread);
            const std::string_view kind = lock ? "futex" : kind_of(thread.wait);
            if (kind.empty() || (!lock && thread.nth != 1)) continue;
            line("[[expect.thread]]\nprocess = {}\nthread  = {}", quoted(place.path),
                 quoted(thread.nth == 1 ? "main" : "!main"));
            line("waits   = {}{}", quoted(kind), kind == "pipe-read" ? "   # or socket-read" : "");
            if (lock) line("stack   = {}", array_of(lock->stack));
            line("");
        }
    }

    const Sighting& seen_;
    const Started& started_;
    const FunctionsOf& functions_of_;
    Places places_;
    std::vector<At> waits_;
    std::vector<std::string> argv_;
    std::string guard_, guarded_;  // the function that registers handlers for forks, and its library
    std::string text_;
};

}  // namespace

std::string scaffold(const Sighting& seen, const Started& started, const FunctionsOf& functions_of) {
    return as_utf8(Writer(seen, started, functions_of).text());  // TOML is nothing else
}

}  // namespace rehang
