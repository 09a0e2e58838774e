// What happens to the targets: follows every thread from its birth, keeps threads at points, stubs functions
// out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "elf/symbols.h"
#include "plan/plan.h"
#include "supervise/director.h"
#include "supervise/event_log.h"
#include "supervise/fake_ask.h"
#include "supervise/fakes.h"
#include "supervise/fork_tree.h"
#include "supervise/guest_hooks.h"
#include "supervise/image.h"
#include "supervise/injector.h"
#include "supervise/notifications.h"
#include "supervise/system_call.h"
#include "supervise/tracee.h"

namespace rehang {

// Runs on the thread that owns the tracees (ptrace(2) binds them to it). Borrows the plan and the files. Fed
// with wait statuses, never waits itself, never blocks. A tracee that vanishes at any moment is a normal
// event.
class Tracing {
  public:
    // Called while the forking thread is stopped and the child has not run yet.
    using OnFork =
        std::function<void(const TrackedProcess& parent, pid_t forking_tid, const TrackedProcess& child)>;

    // A [[process]] has installed a filter that asks this listener.
    using OnListener = std::function<void(UniqueFd)>;

    Tracing(const Plan& plan, elf::Files& files, OnFork on_fork, OnListener on_listener, IfTracerEnds then);

    // Attaches to a [[process]] before its execve.
    Expected<void> add_root(const std::string& name, pid_t pid);
    // One result of waitpid(2).
    void handle(pid_t tid, int status);
    // A call that waits for an answer instead of being stopped (filter.h).
    CallAnswer asked(const Notifications::Question& question);
    // For what no stop shows, from time to time: threads that have fallen asleep.
    void look();
    // When the next thread that a fault delays goes on, and letting go of those whose time has come.
    std::optional<Instant> next_due() const;
    void let_due_go(Instant now);
    // A point at which nobody stands: its text was seen in a stream.
    void printed(size_t point);
    // After SIGKILL for all: one that is held at its exit is beyond signals, and waits for its tracer.
    void let_all_die();
    // Before this thread ends with IfTracerEnds::let_go: every process but those in `but_not` gets SIGSTOP,
    // and no thread has anything on it any more that needs a tracer. Those held at their exit can't be kept
    // from it. The last call: stops that come during it are lost for the rest. Takes a second at most.
    void stop_for_good(const std::set<pid_t>& but_not);
    // Lets the thread of a given-up hold go on.
    void expire(size_t hold);
    void let_go_as_impossible(size_t hold);

    // Stops a thread for a moment, without its noticing: it stands as soon as it has stopped, until
    // release(). If something happens to it first, it goes on by itself with that, and stands no more.
    void pause(pid_t tid);
    bool stands(pid_t tid) const;
    // Of one that stands: executes one instruction, and stands again. False if it is gone.
    bool step(pid_t tid);
    void release(pid_t tid);
    // How many stops and ends there were, but those of threads that pause and step.
    std::uint64_t events() const { return events_; }

    bool all_roots_ended() const;
    bool over_process_limit() const { return over_process_limit_; }
    // What keeps the run from being the one that the plan describes.
    const std::optional<Error>& trouble() const { return trouble_; }
    // The process has a timer that will send it a signal (alarm(2), setitimer(2) ITIMER_REAL).
    bool has_alarm(pid_t pid) const { return alarms_.contains(pid); }
    // It has one that runs while it uses the processor (ITIMER_VIRTUAL, ITIMER_PROF).
    bool has_processor_timer(pid_t pid) const { return processor_timers_.contains(pid); }
    // In a group-stop (signal(7), ptrace(2)), until somebody sends SIGCONT.
    bool is_stopped_by_signal(pid_t tid) const { return stopped_by_signal_.contains(tid); }
    // Registers of a thread that is held.
    std::optional<user_regs_struct> held_registers(pid_t tid) const;
    // The call in a guest of qemu-user before which the thread is held; null elsewhere.
    const GuestCall* held_guest_call(pid_t tid) const;
    // What keeps points in guests from being reached, as sentences.
    std::vector<std::string> guest_notes() const;
    // Stopped by a fault for a time; goes on by itself.
    bool is_delayed(pid_t tid) const { return due_.contains(tid); }
    // Program images in which the fault's function was stubbed out.
    int stubbed(size_t fault) const { return stubbed_[fault]; }
    const Injector& injector() const { return injector_; }
    const Fakes& fakes() const { return fakes_; }
    // "KVM_RUN of the fake /dev/kvm": where the thread waits for a signal, as it sees it; empty elsewhere.
    std::string waits_in(pid_t tid) const;
    // The system call that a thread with these registers makes next, if it makes one, is not made: a fault in
    // the kernel answers it, each time in the same way.
    bool kernel_answers(pid_t tid, const user_regs_struct& registers) const;
    // A futex wake-up that a fault has answered instead of its being made.
    struct UnmadeWake {
        pid_t pid = 0;
        unsigned execs = 0;         // of the process then
        std::uint64_t address = 0;  // of the word
        size_t fault = 0;           // of plan.syscall_faults
        unsigned by = 0;            // the thread's number in its process
        auto operator<=>(const UnmadeWake&) const = default;
    };
    const std::set<UnmadeWake>& unmade_wakes() const { return unmade_wakes_; }

    const ForkTree& tree() const { return tree_; }
    const Director& director() const { return director_; }
    const std::vector<std::string>& notes() const { return notes_; }
    // What happened so far; whoever sees more (output, looks) adds it.
    const EventLog& log() const { return log_; }
    EventLog& log() { return log_; }

  private:
    struct Pending {  // how a stopped thread goes on
        Resume how = Resume::run;
        int signal = 0;
        Duration delay{0};  // first
    };
    // What a fault has left to do when the call is done.
    struct AfterCall {
        std::optional<SystemCall> not_made;  // the thread's own call: its number is gone by then
        std::optional<std::pair<unsigned, std::uint64_t>> restore;  // an argument that was changed
        const std::vector<FaultWrite>* writes = nullptr;            // the plan's, if the call succeeds
        Duration delay{0};
    };
    struct Fate {  // of a call at which a thread is stopped
        bool stays = false;
        bool not_made = false;
        std::optional<std::int64_t> answer;  // then, where a fault gives one
        bool to_exit = false;
        Duration delay{0};
    };

    struct OpenCall {                // of a function that a point waits to be left
        std::uint64_t function = 0;  // its first instruction
        std::uint64_t slot = 0;      // where on the stack its return address is
        std::uint64_t returns_to = 0;
    };
    struct AfterFork {  // a thread on its way to the end of its first system call after a fork
        ProcessPath child;
        ForkSide side = ForkSide::child;
        bool left_fork = false;
        bool in_call = false;
        std::string slept;  // schedstat of its thread when it was last seen asleep in that call
    };

    void stopped(pid_t tid, int status);
    void signalled(pid_t tid, int signal);
    void stopped_early(pid_t tid, int status);
    // tracing_births.cc
    const TrackedProcess& born(pid_t parent_tid, pid_t tid);  // the process that it is in
    void made(pid_t maker, pid_t tid);                        // that, and the maker goes on
    void met(pid_t tid);
    void executed(pid_t tid);
    void exiting(pid_t tid);
    void meet_untold_children(pid_t tid);
    void ended(pid_t tid, int status);
    void forget(pid_t tid);
    // tracing_syscalls.cc
    void entered_syscall(pid_t tid);
    void left_syscall(pid_t tid);
    bool note_files(pid_t tid);
    std::vector<size_t> appeared_files(pid_t tid);
    // tracing_faults.cc
    std::vector<size_t> fired(pid_t tid, const SystemCall& call, const std::function<bool()>& still_there);
    bool passes_fired(size_t fault, pid_t tid);
    void send_signals(const FaultEffect& effect, pid_t tid);
    void note_unmade_wake(size_t fault, pid_t tid, const SystemCall& call);
    void write_before(const PlannedSyscallFault& fault, const SystemCall& call, pid_t tid);
    Fate fault(pid_t tid, const SystemCall& call);
    CallAnswer asked_about_faults(const Notifications::Question& question, const SystemCall& call);
    void begin_asked_call_again(pid_t tid);
    void launching(pid_t tid, const SystemCall& call);
    void take_listener(pid_t tid, std::uint64_t descriptor);
    // tracing_fakes.cc
    struct Asker {  // of a fake: the thread, and how its answer gets to it
        pid_t tid = 0;
        std::function<bool()> still_there;
        std::optional<FakeAsk> ask;  // otherwise by the call's own result

        std::int64_t deliver(std::int64_t result) const;  // what the call itself then gives
    };
    std::optional<CallAnswer> asked_about_fakes(const Asker& asker, const SystemCall& call);
    CallAnswer asked_by_client(const Notifications::Question& question, const FakeAsk& ask);
    fakes::Answer ask_model(const Asker& asker, const Fakes::OpenFile& open, const SystemCall& call);
    CallAnswer asked_about_request(const Asker& asker, const Fakes::OpenFile& open, const SystemCall& call);
    std::optional<CallAnswer> asked_about_path(const Asker& asker, const SystemCall& call);
    CallAnswer open_fake(const Asker& asker, size_t fake, int flags);
    std::optional<size_t> fake_named(pid_t tid, const SystemCall& call) const;
    void stop_at_fake(pid_t tid, const SystemCall& call, const std::optional<FakeAsk>& ask, Fate& fate);
    CallAnswer with_descriptor(const Asker& asker, size_t fake, fakes::Answer answer, bool of_device,
                               bool close_on_exec, const std::function<void(std::int64_t)>& tell);
    void note_fake(pid_t tid, const std::string& what, const std::string& file, const std::string& detail,
                   std::int64_t result);
    // tracing_guests.cc
    bool heard_of_guest(pid_t tid, const SystemCall& call);
    void hook_guest(pid_t tid, const GuestHooksWanted& wanted);
    void guest_enters(pid_t tid, const GuestCall& call);
    // tracing_watched_calls.cc
    void watch_call(pid_t tid, const TrackedProcess& process, const SystemCall& call);
    void keep_child_traced(pid_t tid, const SystemCall& call);
    void note_alarm(pid_t pid, const SystemCall& call);
    // One sentence for all that `subject` stands for, the first one.
    void note_once(const std::string& subject, std::string sentence);
    // tracing_breakpoints.cc
    void trapped(pid_t tid);
    std::optional<std::bitset<max_breakpoints>> breakpoints_at(pid_t tid, const user_regs_struct& state);
    std::vector<size_t> entered_function(pid_t tid, const user_regs_struct& registers);
    void note_call(pid_t tid, const user_regs_struct& registers);
    std::vector<size_t> left_function(pid_t tid, std::uint64_t slot, const user_regs_struct& registers);
    bool loader_notified(pid_t tid);
    std::set<pid_t> rearm_others(const TrackedProcess& process, pid_t but_not);
    void rearmed(pid_t tid);
    std::vector<Breakpoint> breakpoints_for(pid_t tid) const;
    void arm(pid_t tid);
    // tracing_forks.cc
    void forked(pid_t tid, const TrackedProcess& child);
    void follow_after_fork(pid_t tid, const ProcessPath& child, ForkSide side);
    bool between_calls_after_fork(pid_t tid);
    std::vector<size_t> gone_on_after_fork(pid_t tid);

    // Passes each of the points; true if the thread stays. Lets go whoever is released by that.
    bool pass(const std::vector<size_t>& points, pid_t tid);
    void pass(size_t point, pid_t tid, unsigned nth, std::string_view name);
    void stay_or_go_on(pid_t tid, const std::vector<size_t>& points, Pending how);
    void let_go(pid_t tid);
    void give_up(size_t hold, std::optional<pid_t> released);
    void go_on(pid_t tid, Pending how);
    // Into the log; `by` is a thread, too, or 0.
    void note(EventKind kind, pid_t tid, std::string name, std::string text = {}, pid_t by = 0);
    EventPlace place(pid_t tid);
    void stub(Image& image, const TrackedProcess& process, pid_t tid);
    // tracing_leaving.cc
    std::set<pid_t> stop_armed();
    std::set<pid_t> standing() const;
    bool leave(pid_t tid, int signal);
    // tracing_pauses.cc
    bool is_own_stop(pid_t tid, int status);
    bool is_stop_of_pause(pid_t tid, bool interrupted, bool stepped);

    // Open points of the thread whose event is an E that `is` accepts.
    template <class E, class Is>
    std::vector<size_t> open_points_where(pid_t tid, const Is& is) {
        auto points = director_.open_points<E>(tree_.process_of(tid)->now(), tree_.thread(tid)->nth);
        std::erase_if(points, [&](size_t point) { return !is(std::get<E>(plan_->points[point].event)); });
        return points;
    }

    const Plan* plan_;
    elf::Files* files_;
    OnFork on_fork_;
    OnListener on_listener_;
    IfTracerEnds then_;
    ForkTree tree_;
    Director director_;
    Injector injector_;
    Fakes fakes_;
    bool stops_at_ioctl_;                                 // for points and faults
    std::map<pid_t, std::string> waits_in_;               // threads that a fake makes wait, and in what
    std::map<pid_t, Image> images_;                       // by process
    std::map<pid_t, GuestHooks> hooks_;                   // by process
    std::map<pid_t, GuestCall> guest_calls_;              // by thread: what it is kept before
    std::set<EntersGuestFunction> hooked_;                // in some process
    std::map<pid_t, std::vector<Breakpoint>> armed_;      // by thread: what its debug registers hold
    std::map<pid_t, std::vector<OpenCall>> open_calls_;   // by thread: outermost calls, one of each function
    std::map<pid_t, std::set<pid_t>> waits_for_rearmed_;  // stands in the loader until these have stopped
    std::map<pid_t, AfterFork> after_fork_;               // by thread
    std::optional<Error> trouble_;
    std::map<pid_t, Pending> kept_;  // held and delayed threads
    std::map<pid_t, Instant> due_;   // of those, the delayed ones
    std::map<pid_t, AfterCall> after_call_;
    std::set<UnmadeWake> unmade_wakes_;
    std::set<pid_t> stays_at_birth_;  // made, to be held, not stopped yet
    // Threads whose maker's event has not come yet: the status of their first stop, or of their end; `dying`
    // for one that was killed at once and let go.
    std::map<pid_t, int> early_;
    std::map<size_t, bool> file_there_;               // by point: before the last call that could make it
    enum class Pause { asked, stands, steps, over };  // over: released before its stop came
    std::map<pid_t, Pause> pauses_;
    std::set<pid_t> stepping_;  // told to step, and not stopped since
    std::uint64_t events_ = 0;
    std::set<pid_t> alarms_, processor_timers_;  // processes
    std::set<pid_t> stopped_by_signal_;
    std::vector<int> stubbed_;
    std::vector<std::string> notes_;
    std::set<std::string> noted_;
    EventLog log_;
    bool over_process_limit_ = false;
};

}  // namespace rehang
