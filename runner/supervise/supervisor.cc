#include "supervise/supervisor.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/asio.hpp>
#include <csignal>
#include <cstring>

#include "supervise/line_matcher.h"
#include "supervise/notifications.h"
#include "supervise/output.h"

namespace rehang {
namespace {

namespace asio = boost::asio;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

UniqueFd child_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

// SIGCHLD is pending once at most for the process and once for this thread: one call reads all there is.
void read_away(int fd) {
    std::array<signalfd_siginfo, 2> ignored;
    [[maybe_unused]] const auto nothing_left = ::read(fd, ignored.data(), sizeof ignored);
}

// The pause before the next look: short after something happened, longer the longer nothing does.
class LookPace {
  public:
    void something_happened(bool order_complete) {
        pause_ = order_complete ? microseconds(300) : milliseconds(2);
    }
    microseconds next() {
        const microseconds pause = pause_;
        pause_ = std::min<microseconds>(pause_ * 5 / 4, milliseconds(20));
        return pause;
    }

  private:
    microseconds pause_ = milliseconds(2);
};

}  // namespace

struct Supervisor::Impl {
    Impl(const Plan& the_plan, elf::Files& files, Watcher& the_watcher, IfTracerEnds then)
        : plan(&the_plan),
          watcher(&the_watcher),
          tracing(
              the_plan, files,
              [this](const TrackedProcess& parent, pid_t tid, const TrackedProcess& child) {
                  watcher->forked(parent, tid, child);
              },
              [this](UniqueFd listener) { notifications.add(std::move(listener)); }, then),
          children(io, child_signals().release()),
          notifications(
              io, [this](const Notifications::Question& question) { return answer(question); },
              children.native_handle()),
          look_timer(io),
          limit_timer(io),
          due_timer(io),
          stepping(io, tracing, the_watcher, children.native_handle(),
                   {.seen = [this] { look_at_standing(); }, .more = [this] { handle_children_soon(); }}) {}

    void await_children();
    void handle_children();
    void handle_children_soon();
    CallAnswer answer(const Notifications::Question& question);
    void await_due();
    void await_exec_error(const std::string& program, UniqueFd fd);
    void read_output(const std::string& process, UniqueFd pipe, bool is_stderr);
    void note_output(const std::string& process, bool is_stderr, std::string_view chunk);
    void catch_up_with_output();
    void schedule_look();
    void await_look();
    void look();
    Watcher::Look look_at_waits();
    void note_look(Watcher::Look seen);
    void look_step_by_step();
    void look_at_standing();
    void give_up_overdue(const std::vector<size_t>& holds);
    void give_up_impossible();
    void note_giving_up(const std::vector<size_t>& holds, const std::string& reason, bool impossible);
    void go_on_without_holds();
    void finish(End end);
    void fail(Error why);
    bool decided() const { return result.has_value(); }

    const Plan* plan;
    Watcher* watcher;
    asio::io_context io{1};
    Tracing tracing;
    asio::posix::stream_descriptor children;
    Notifications notifications;
    asio::steady_timer look_timer, limit_timer, due_timer;
    bool look_awaited = false;  // the timer is set, for this moment or an earlier one
    Instant look_due;
    LookPace pace;
    Stepping stepping;
    SteppingPace stepping_pace;
    std::vector<std::unique_ptr<OutputReader>> outputs;
    std::vector<std::unique_ptr<asio::posix::stream_descriptor>> exec_errors;
    pid_t init = 0;
    std::optional<Expected<End>> result;
    Instant ended;
};

Supervisor::Supervisor(const Plan& plan, elf::Files& files, Watcher& watcher, IfTracerEnds then)
    : impl_(std::make_unique<Impl>(plan, files, watcher, then)) {}
Supervisor::~Supervisor() = default;

const Tracing& Supervisor::tracing() const {
    return impl_->tracing;
}

Expected<Supervision> Supervisor::run(std::vector<ReadyProcess> processes, pid_t init) {
    Impl& run = *impl_;
    run.init = init;
    for (const ReadyProcess& process : processes)
        if (auto seized = run.tracing.add_root(process.name, process.pid); !seized)
            return std::unexpected(seized.error());
    for (size_t i = 0; i < processes.size(); ++i) {
        run.read_output(processes[i].name, std::move(processes[i].stdout_read), false);
        run.read_output(processes[i].name, std::move(processes[i].stderr_read), true);
        run.await_exec_error(run.plan->processes[i].argv.front(), std::move(processes[i].exec_error));
    }
    run.await_children();
    run.limit_timer.expires_after(run.plan->timeout);
    run.limit_timer.async_wait([&run](const boost::system::error_code& stopped) {
        if (!stopped) run.finish(End::timed_out);
    });
    run.schedule_look();

    Supervision supervision;
    supervision.launched = std::chrono::steady_clock::now();
    for (const ReadyProcess& process : processes)
        if (::write(process.launch.get(), "", 1) != 1)
            return failure(fmt::format("can't let {} go", process.name));
    while (!run.decided()) run.io.run_one();

    if (!*run.result) return std::unexpected(run.result->error());
    supervision.end = **run.result;
    supervision.ended = run.ended;
    for (size_t i = 0; i < processes.size(); ++i)
        supervision.output[processes[i].name] = {run.outputs[2 * i]->take(), run.outputs[2 * i + 1]->take()};
    return supervision;
}

void Supervisor::Impl::await_children() {
    children.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                            if (error || decided()) return;
                            read_away(children.native_handle());
                            handle_children();
                            await_children();
                        });
}

void Supervisor::Impl::handle_children() {
    constexpr int at_once = 64;  // so that targets which stop all the time can't starve the limits
    const auto events_before = tracing.events();
    for (int i = 0; i < at_once; ++i) {
        int status = 0;
        const pid_t tid = ::waitpid(-1, &status, __WALL | WNOHANG);
        if (tid <= 0) break;
        if (tid == init && !WIFSTOPPED(status))
            return fail({.what = "the sandbox's init ended by itself",
                         .hint = "something outside killed it: run again"});
        tracing.handle(tid, status);
        if (tracing.over_process_limit()) break;  // each further birth would be one more
        if (i == at_once - 1) handle_children_soon();
    }
    if (tracing.trouble()) return fail(*tracing.trouble());
    if (tracing.over_process_limit()) return finish(End::process_limit);
    if (tracing.all_roots_ended()) {
        catch_up_with_output();
        if (tracing.director().active().empty()) return finish(End::finished);
    }
    if (tracing.events() != events_before) {
        pace.something_happened(tracing.director().order_complete());
        stepping_pace.something_happened(std::chrono::steady_clock::now());
        schedule_look();
    }
    await_due();
    stepping.advance();
}

// Asked by the kernel, not by a stop.
CallAnswer Supervisor::Impl::answer(const Notifications::Question& question) {
    const auto points_before = tracing.director().last_reached();
    CallAnswer answer = tracing.asked(question);
    const bool news = !answer.make || tracing.director().last_reached() != points_before;
    await_due();
    if (news && !decided()) pace.something_happened(tracing.director().order_complete());
    return answer;
}

// Threads that a fault delays. After whatever may have let one go: it may have a delay before it.
void Supervisor::Impl::await_due() {
    const auto due = tracing.next_due();
    if (!due || decided()) return;
    due_timer.expires_at(*due);
    due_timer.async_wait([this](const boost::system::error_code& cancelled) {
        if (cancelled || decided()) return;
        tracing.let_due_go(std::chrono::steady_clock::now());
        await_due();
    });
}

void Supervisor::Impl::handle_children_soon() {
    asio::post(io, [this] {
        if (!decided()) handle_children();
    });
}

void Supervisor::Impl::await_exec_error(const std::string& program, UniqueFd fd) {
    auto& pipe =
        *exec_errors.emplace_back(std::make_unique<asio::posix::stream_descriptor>(io, fd.release()));
    const auto error_number = std::make_shared<int>(0);
    asio::async_read(
        pipe, asio::buffer(error_number.get(), sizeof(int)),
        [this, program, error_number](const boost::system::error_code& error, size_t) {
            if (error || decided()) return;  // the usual end: execve closed it
            fail({.kind = Error::Kind::usage,
                  .what = fmt::format("can't execute {}: {}", program, std::strerror(*error_number)),
                  .hint = "argv[0] is a path inside the sandbox, or the name of a program in its PATH"});
        });
}

// Points that wait for something printed there see all of it.
void Supervisor::Impl::read_output(const std::string& process, UniqueFd pipe, bool is_stderr) {
    struct Waiting {
        size_t point;
        LineMatcher matcher;
    };
    auto waiting = std::make_shared<std::vector<Waiting>>();
    for (size_t i = 0; i < plan->points.size(); ++i) {
        const auto* prints = std::get_if<Prints>(&plan->points[i].event);
        if (!prints || prints->to_stderr != is_stderr || plan->points[i].process.root != process) continue;
        auto pattern = Pattern::parse(prints->pattern);
        REHANG_CHECK(pattern);  // scenario/ refuses others
        waiting->push_back({.point = i, .matcher = LineMatcher(std::move(*pattern))});
    }
    outputs.push_back(std::make_unique<OutputReader>(
        io, std::move(pipe), plan->sandbox.output,
        [this, process, is_stderr, waiting](std::string_view text) {
            note_output(process, is_stderr, text);
            for (Waiting& each : *waiting)
                for (unsigned lines = each.matcher.feed(text); lines > 0; --lines)
                    tracing.printed(each.point);
            await_due();
        }));
}

void Supervisor::Impl::note_output(const std::string& process, bool is_stderr, std::string_view chunk) {
    constexpr size_t excerpt = 160;  // the report has it all
    tracing.log().add({.kind = EventKind::output,
                       .at = std::chrono::steady_clock::now(),
                       .until = {},
                       .who = {.process = process, .nth = 0},
                       .name = is_stderr ? "stderr" : "stdout",
                       .text = std::string(chunk.substr(0, excerpt)) + (chunk.size() > excerpt ? "…" : ""),
                       .by = {}});
}

// So that nothing is decided while something that was printed before waits to be read.
void Supervisor::Impl::catch_up_with_output() {
    for (const auto& output : outputs) output->catch_up();
}

// Targets that stop all the time put the next look off with each stop. The timer is set anew only for a look
// that is due earlier; one that was put off is noticed when the timer comes, which is much cheaper.
void Supervisor::Impl::schedule_look() {
    look_due = std::chrono::steady_clock::now() + pace.next();
    if (!look_awaited || look_due < look_timer.expiry()) await_look();
}

void Supervisor::Impl::await_look() {
    look_awaited = true;
    look_timer.expires_at(look_due);
    look_timer.async_wait([this](const boost::system::error_code& cancelled) {
        if (cancelled || decided()) return;
        if (std::chrono::steady_clock::now() < look_due) return await_look();
        look_awaited = false;
        look();
    });
}

void Supervisor::Impl::look() {
    catch_up_with_output();
    tracing.look();
    const Director& director = tracing.director();
    if (const auto overdue = director.overdue(std::chrono::steady_clock::now()); !overdue.empty()) {
        stepping.release();
        give_up_overdue(overdue);
    } else if (!stepping.active()) {
        const auto seen = look_at_waits();
        note_look(seen);
        switch (seen) {
            case Watcher::Look::moving:
                look_step_by_step();
                break;
            case Watcher::Look::stuck:
                return finish(End::stuck);
            case Watcher::Look::order_stuck:
                give_up_impossible();
        }
    }
    if (!decided()) schedule_look();
}

// A call whose answer is still to come looks like one that waits. The loop answers it, not the look: targets
// that ask all the time must not keep the limits from being looked at.
Watcher::Look Supervisor::Impl::look_at_waits() {
    if (notifications.pending()) return Watcher::Look::moving;
    const auto seen = watcher->look();
    return notifications.pending() ? Watcher::Look::moving : seen;
}

void Supervisor::Impl::note_look(Watcher::Look seen) {
    const auto* const what = seen == Watcher::Look::stuck         ? "nobody can go on"
                             : seen == Watcher::Look::order_stuck ? "nobody can go on but those held"
                                                                  : "somebody may go on";
    tracing.log().add({.kind = EventKind::look,
                       .at = std::chrono::steady_clock::now(),
                       .until = {},
                       .who = {},
                       .name = what,
                       .text = {},
                       .by = {}});
}

void Supervisor::Impl::look_step_by_step() {
    const auto running = watcher->running();
    if (running.empty()) return;
    if (const auto most = stepping_pace.due(std::chrono::steady_clock::now()); most.instructions > 0)
        stepping.begin(running, most);
}

// Those that ran all stand now, and have been seen: a consistent look is possible.
void Supervisor::Impl::look_at_standing() {
    auto answer = Watcher::Look::moving;
    for (int looks = 0; looks < 2 && answer == Watcher::Look::moving; ++looks) answer = look_at_waits();
    if (answer == Watcher::Look::stuck) return finish(End::stuck);
    stepping.release();
    if (answer == Watcher::Look::order_stuck) give_up_impossible();
}

void Supervisor::Impl::give_up_overdue(const std::vector<size_t>& holds) {
    note_giving_up(holds,
                   fmt::format("its limit of {} passed", format_duration(plan->holds[holds.front()].limit)),
                   false);
    if (plan->role == Role::scenario) return finish(End::unmet);
    for (const size_t hold : holds) tracing.expire(hold);
    go_on_without_holds();
}

// What the scenario can do without goes first: the others may be reached then.
void Supervisor::Impl::give_up_impossible() {
    const Director& director = tracing.director();
    const auto dispensable = director.active_but_dispensable();
    const auto holds = dispensable.empty() ? director.active() : dispensable;
    const auto thread =
        holds.empty() ? std::string() : director.held_at(director.holds()[holds.front()].tid).value_or("");
    note_giving_up(
        holds, fmt::format("it can't come any more: everybody else waits for the thread held at {}", thread),
        true);
    if (plan->role == Role::scenario && dispensable.empty()) return finish(End::unmet);
    const auto let_go = dispensable.empty() ? &Tracing::expire : &Tracing::let_go_as_impossible;
    for (const size_t hold : holds) (tracing.*let_go)(hold);
    go_on_without_holds();
}

void Supervisor::Impl::note_giving_up(const std::vector<size_t>& holds, const std::string& reason,
                                      bool impossible) {
    for (const size_t hold : holds) watcher->giving_up(hold, reason, impossible);
}

// What the program does then counts.
void Supervisor::Impl::go_on_without_holds() {
    await_due();
    pace.something_happened(true);
    if (tracing.all_roots_ended()) finish(End::finished);
}

void Supervisor::Impl::finish(End end) {
    if (decided()) return;
    ended = std::chrono::steady_clock::now();
    result.emplace(end);
}

void Supervisor::Impl::fail(Error why) {
    if (!decided()) result.emplace(std::unexpected(std::move(why)));
}

void Supervisor::stop_for_good(const std::set<pid_t>& but_not) {
    impl_->tracing.stop_for_good(but_not);
}

std::vector<int> Supervisor::listeners() const {
    return impl_->notifications.listeners();
}

bool Supervisor::drain(std::chrono::milliseconds limit) {
    const Instant deadline = std::chrono::steady_clock::now() + limit;
    impl_->tracing.let_all_die();
    for (;;) {
        int status = 0;
        const pid_t tid = ::waitpid(-1, &status, __WALL | WNOHANG);
        if (tid < 0 && errno == ECHILD) return true;
        if (tid > 0) {
            if (WIFSTOPPED(status)) resume(tid, Resume::run, 0);  // on its way to die (PTRACE_EVENT_EXIT)
            continue;
        }
        const auto left = duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        if (left <= 0) return false;
        pollfd child{.fd = impl_->children.native_handle(), .events = POLLIN, .revents = 0};
        ::poll(&child, 1, static_cast<int>(left));
        read_away(child.fd);
    }
}

}  // namespace rehang
