#include "example_report.h"

#include <sys/wait.h>

namespace rehang {
namespace {

constexpr auto tcmalloc = "libtcmalloc.so.4.5.9";

elf::Frame frame(const char* module, const char* symbol, std::uint64_t pc) {
    return {.pc = pc, .module = module, .symbol = symbol, .offset = 0x12};
}

DiagnosedThread lock_waiter(pid_t inner_tid, unsigned nth, const char* role, const char* function) {
    DiagnosedThread thread;
    thread.tid = 4000 + inner_tid;
    thread.inner_tid = inner_tid;
    thread.nth = nth;
    thread.name = "daemonizer";
    thread.role = role;
    thread.stuck = true;
    thread.wait.kind = WaitKind::futex;
    thread.wait.sentence = "waits for the lock at libtcmalloc.so.4!tcmalloc::Static::central_cache_+0x1c0";
    thread.wait.address = 0x7f0012345678;
    thread.wait.word = thread.wait.expected = 2;
    thread.wait.location = "libtcmalloc.so.4!tcmalloc::Static::central_cache_+0x1c0";
    thread.wait.retried = true;
    thread.stack = {frame("libc.so.6", "syscall", 0x7f0000001000),
                    frame(tcmalloc, "base::internal::SpinLockDelay", 0x7f0000002000),
                    frame(tcmalloc, "SpinLock::SlowLock", 0x7f0000003000),
                    frame(tcmalloc, function, 0x7f0000004000)};
    return thread;
}

DiagnosedProcess process(const char* path, const char* parent_path, pid_t inner_pid, const char* state) {
    DiagnosedProcess process;
    process.path = path;
    process.pid = 4000 + inner_pid;
    process.inner_pid = inner_pid;
    process.parent = inner_pid == 2 ? 4001 : 4002;
    process.parent_path = parent_path;
    process.name = "daemonizer";
    process.state = state;
    return process;
}

DiagnosedProcess pipe_reader() {
    DiagnosedProcess probe = process("probe", "", 2, "running");
    DiagnosedThread main;
    main.tid = 4002;
    main.inner_tid = 2;
    main.nth = 1;
    main.name = "daemonizer";
    main.role = "main";
    main.stuck = true;
    main.wait.kind = WaitKind::pipe_read;
    main.wait.sentence = "reads from a pipe whose write end probe/1/1 (fd 4) holds open";
    main.wait.fd = 3;
    main.wait.pipe_inode = 77;
    main.wait.wakers = {4005, 4006};
    main.stack = {frame("libc.so.6", "read", 0x7f0000005000), frame("daemonizer", "main", 0x555500001000)};
    probe.threads = {main};
    return probe;
}

}  // namespace

RunReport inherited_lock_hang() {
    RunReport report;
    report.file = "scenarios/allocator/daemonize.toml";
    report.scenario = "daemonize";
    report.params = {{"tcmalloc", "libtcmalloc.so.4"}};
    report.outcome = Outcome::hung;
    report.cause = Cause::inherited_lock;
    report.proven = true;
    report.as_expected = true;
    report.points = {{.name = "second_fork", .reached_ms = 2.3, .by = "probe/1 main"},
                     {.name = "rcu_in_lock", .reached_ms = 1.5, .by = "probe/1 thread 2"},
                     {.name = "grandchild", .reached_ms = 3.8, .by = "probe/1/1 main"}};
    report.faults = {{.name = "no-fork-handlers",
                      .does = "libtcmalloc.so.4!perftools_pthread_atfork: returns 0",
                      .matched = 1,
                      .fired = {}}};
    DiagnosedProcess zombie = process("probe/1", "probe", 3, "zombie");
    zombie.exit_status = W_EXITCODE(0, 0);
    DiagnosedProcess daemon = process("probe/1/1", "probe/1", 5, "running");
    daemon.threads = {lock_waiter(5, 1, "main", "tcmalloc::CentralFreeList::RemoveRange"),
                      lock_waiter(6, 2, "thread 2", "tcmalloc::CentralFreeList::InsertRange")};
    report.processes = {pipe_reader(), zombie, daemon};
    report.nodes = {{.id = "probe:main", .kind = "thread", .label = "probe main"},
                    {.id = "pipe:77", .kind = "pipe", .label = "pipe 77"}};
    report.edges = {{.from = "probe:main", .to = "pipe:77", .label = "waits for"}};
    report.explanation = {
        "The lock at libtcmalloc.so.4!tcmalloc::Static::central_cache_+0x1c0 was held by thread 2 of probe/1 "
        "when its main thread "
        "forked probe/1/1.",
        "That thread does not exist in probe/1/1: nobody there can ever give the lock back."};
    report.streams = {
        {.process = "probe", .out = "starting\n", .err = "", .out_cut = false, .err_cut = false}};
    const PlaceReport main{.process = "probe/1", .nth = 1}, holder{.process = "probe/1", .nth = 2},
        child{.process = "probe/1/1", .nth = 1};
    const auto happens = [&report](double ms, EventKind kind, const PlaceReport& who, const char* name,
                                   const PlaceReport& by = {}) {
        report.events.push_back(
            {.ms = ms, .until_ms = ms, .kind = kind, .who = who, .name = name, .text = {}, .by = by});
    };
    happens(0.4, EventKind::born, main, "process");
    happens(0.5, EventKind::exec, main, "/usr/bin/daemonizer");
    happens(1.1, EventKind::born, holder, "thread", main);
    happens(1.5, EventKind::point, holder, "rcu_in_lock");
    happens(1.5, EventKind::held, holder, "rcu_in_lock");
    happens(3.8, EventKind::born, child, "process", main);
    happens(3.8, EventKind::point, child, "grandchild");
    happens(3.8, EventKind::released, holder, "grandchild", child);
    happens(4.0, EventKind::output, {.process = "probe", .nth = 0}, "stdout");
    report.events.back().text = "starting\n";
    happens(4.1, EventKind::look, {}, "somebody may go on");
    report.events.back().until_ms = 6.2;
    happens(4.5, EventKind::ended, main, "process");
    report.events.back().text = "with 0";
    happens(7.6, EventKind::verdict, {}, "hung: inherited-lock, proven");
    report.timings_ms = {.setup = 4, .reach = 4.5, .proof = 3.1, .total = 37.6};
    report.host = {.kernel = "6.1.0",
                   .machine = "x86_64",
                   .libc = "glibc 2.36",
                   .distribution = "Debian 12",
                   .processors = 2};
    report.signature = signature(report);
    return report;
}

RunReport good_control() {
    RunReport report;
    report.role = Role::control;
    report.file = "scenarios/allocator/daemonize.toml";
    report.scenario = "daemonize";
    report.outcome = Outcome::exited;
    report.exit = 0;
    report.as_expected = true;
    report.timings_ms.total = 21;
    report.signature = signature(report);
    return report;
}

Plan plan_of_hang() {
    Plan plan;
    plan.expect.outcome = Outcome::hung;
    plan.expect.cause = Cause::inherited_lock;
    plan.expect.threads = {{.process = *ProcessPath::parse("probe/1/1"),
                            .thread = *ThreadSelector::parse("main"),
                            .waits = WaitKind::futex,
                            .stack = {"SpinLockDelay", "SlowLock", "CentralFreeList::RemoveRange"}}};
    plan.expect.processes = {{.process = *ProcessPath::parse("probe/1"), .state = "zombie"}};
    return plan;
}

}  // namespace rehang
