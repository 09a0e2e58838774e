#include "report/text.h"

#include <sys/syscall.h>

#include <cerrno>
#include <csignal>

#include "catch.h"
#include "example_report.h"
#include "report/describe.h"
#include "report/text_layout.h"

namespace rehang {
namespace {

TEST_CASE("the report of a hang, word for word") {
    CHECK(
        render(inherited_lock_hang(), {.width = 100}) ==
        R"(✓ daemonize tcmalloc=libtcmalloc.so.4  hung: inherited-lock, proven 3.1 ms after the last point  (total 38 ms)

Processes
  probe             pid 2, running
    main            reads from a pipe whose write end probe/1/1 (fd 4) holds open
  └─ probe/1        pid 3, zombie, exited with 0
     └─ probe/1/1   pid 5, running
          main      waits for the lock at libtcmalloc.so.4!tcmalloc::Static::central_cache_+0x1c0
          thread 2  waits for the lock at libtcmalloc.so.4!tcmalloc::Static::central_cache_+0x1c0

Why
  The lock at libtcmalloc.so.4!tcmalloc::Static::central_cache_+0x1c0 was held by thread 2 of
  probe/1 when its main thread forked probe/1/1.
  That thread does not exist in probe/1/1: nobody there can ever give the lock back.

Stacks
  probe main
    #0  libc.so.6!read
    #1  daemonizer!main
  probe/1/1 main
    #0  libc.so.6!syscall
    #1  libtcmalloc.so.4.5.9!base::internal::SpinLockDelay
    #2  libtcmalloc.so.4.5.9!SpinLock::SlowLock
    #3  libtcmalloc.so.4.5.9!tcmalloc::CentralFreeList::RemoveRange
  probe/1/1 thread 2
    #0  libc.so.6!syscall
    #1  libtcmalloc.so.4.5.9!base::internal::SpinLockDelay
    #2  libtcmalloc.so.4.5.9!SpinLock::SlowLock
    #3  libtcmalloc.so.4.5.9!tcmalloc::CentralFreeList::InsertRange

Order
  rcu_in_lock     1.5 ms  probe/1 thread 2
  second_fork     2.3 ms  probe/1 main
  grandchild      3.8 ms  probe/1/1 main

Faults
  no-fork-handlers  libtcmalloc.so.4!perftools_pthread_atfork: returns 0  in place in 1 program image

next: `rehang run scenarios/allocator/daemonize.toml --json -` has every detail, `--repeat 100`
      shows that it is no luck
)");
}

TEST_CASE("faults: what each does, how often it fired, and where first; without any points, too") {
    RunReport report = good_control();
    report.faults = {{.name = "disk-full",
                      .does = "write: fails with ENOSPC",
                      .matched = 7,
                      .fired = 1,
                      .first_by = "copy main"},
                     {.name = "slow", .does = "openat: comes 20ms later", .matched = 3, .fired = 0},
                     {.name = "elsewhere", .does = "fsync: fails with EIO", .matched = 0, .fired = 0},
                     {.name = "in-kernel", .does = "socket: fails with EACCES", .matched = {}, .fired = {}}};
    CHECK_THAT(render(report, {.width = 100}), Catch::Matchers::Contains(R"(
Faults
  disk-full  write: fails with ENOSPC   fired at 1 of 7 calls, first in copy main
  slow       openat: comes 20ms later   never fired, 3 calls fitted
  elsewhere  fsync: fails with EIO      never fired: no call fitted
  in-kernel  socket: fails with EACCES  answered by the kernel, which does not count
)"));
}

TEST_CASE("fakes: how they were used, and which requests their models do not have") {
    RunReport report = good_control();
    report.fakes = {
        {.name = "kvm",
         .device = "/dev/kvm",
         .model = "kvm-x86",
         .opened = 1,
         .calls = 143,
         .unknown =
             {{.name = "KVM_GET_SREGS2", .number = 0x8140aecc, .size = 320, .times = 1, .by = "q main"},
              {.name = "", .number = 0xaeff, .size = 0, .times = 2, .by = "q/1 thread 2"}}},
        {.name = "/dev/other", .device = "/dev/other", .model = "other", .unknown = {}}};
    CHECK_THAT(render(report, {.width = 110}), Catch::Matchers::Contains(R"(
Fakes
  kvm (/dev/kvm)  kvm-x86  opened 1 time, 143 calls answered
    - the model has no KVM_GET_SREGS2 (0x8140aecc, 320 bytes): made 1 time, first by q main, and failed with
      ENOTTY
    - the model has no 0xaeff: made 2 times, first by q/1 thread 2, and failed with ENOTTY
  /dev/other      other    never opened
)"));
}

TEST_CASE("what a fault does, in words") {
    PlannedSyscallFault fault;
    fault.calls = {{.number = SYS_read, .arguments = {}, .more = {}},
                   {.number = SYS_write, .arguments = {}, .more = {}}};
    CHECK(fault_text(fault) == "read, write: is counted");
    fault.effect.answer = -EINTR;
    fault.effect.delay = std::chrono::milliseconds(20);
    CHECK(fault_text(fault) == "read, write: comes 20ms later, fails with EINTR");
    fault.effect = {};
    fault.effect.limit_bytes = 3;
    fault.effect.signal = SIGUSR1;
    for (const int more : {SYS_open, SYS_close, SYS_read})
        fault.calls.push_back({.number = more, .arguments = {}, .more = {}});
    fault.calls.push_back({.number = SYS_fsync, .arguments = {}, .more = {}});
    CHECK(fault_text(fault) ==
          "read, write, open and 2 more calls: sends SIGUSR1 to its thread, is made for 3 bytes at most");
    fault.calls.resize(1);
    fault.effect = {};
    fault.effect.writes_before = {{.index = 1, .offset = 0, .bytes = "x"}};
    CHECK(fault_text(fault) == "read: is given other data");
    fault.effect = {};
    fault.effect.writes_after = {{.index = 1, .offset = 0, .bytes = "x"}};
    fault.effect.delay_after = std::chrono::seconds(1);
    CHECK(fault_text(fault) == "read: gives other data, takes 1s longer");
    fault.effect = {};
    fault.effect.instead = SYS_getpid;
    CHECK(fault_text(fault) == "read: is getpid instead");
    fault.effect = {};
    fault.effect.kill = true;
    CHECK(fault_text(fault) == "read: kills its process");
}

TEST_CASE("what the threads of an ended process wait for is no question") {
    RunReport report = inherited_lock_hang();
    DiagnosedThread ended;
    ended.role = "main";
    ended.wait.kind = WaitKind::exited;
    ended.wait.sentence = "has ended";
    report.processes[1].threads = {ended};
    CHECK(render(report, {.width = 100}) == render(inherited_lock_hang(), {.width = 100}));
}

TEST_CASE("a run in one line") {
    CHECK(render_line(inherited_lock_hang(), {}) ==
          "✓ daemonize tcmalloc=libtcmalloc.so.4  hung: inherited-lock, proven  38 ms\n");
    RunReport control = good_control();
    control.repeat = 3;
    CHECK(render_line(control, {.numbered = true}) == "✓ daemonize (control) #3  exited with 0  21 ms\n");
    control.as_expected = false;
    CHECK(render_line(control, {}).starts_with("✗ "));
}

TEST_CASE("colour only where it is wanted") {
    CHECK(render(inherited_lock_hang(), {}).find('\x1b') == std::string::npos);
    CHECK(render_line(inherited_lock_hang(), {.colour = true}).starts_with("\x1b[32m✓\x1b[0m"));
}

TEST_CASE("an order that was not reached names the point that never came and where the threads stood") {
    RunReport report;
    report.scenario = "x";
    report.outcome = Outcome::unmet;
    report.unmet = {{.hold = "second_fork",
                     .at = "second_fork",
                     .missing = "rcu_in_lock",
                     .reason = "its limit of 3s passed",
                     .instead = {"probe/1 thread 2 waits for a futex"}}};
    report.points = {{.name = "second_fork", .reached_ms = 1, .by = "probe/1 main"},
                     {.name = "rcu_in_lock", .reached_ms = {}, .by = ""}};
    const std::string text = render(report, {.width = 140});
    CHECK(text.starts_with("✗ x  unmet: the order was not reached"));
    CHECK(text.find("  hold second_fork: a thread stayed at second_fork for rcu_in_lock, which never came: "
                    "its limit of 3s "
                    "passed\n") != std::string::npos);
    CHECK(text.find("- probe/1 thread 2 waits for a futex") != std::string::npos);
    CHECK(text.find("  rcu_in_lock      never") != std::string::npos);
}

TEST_CASE("an order that is proven to be impossible is told as such") {
    RunReport report = good_control();
    report.unmet = {{.hold = "rcu_in_lock",
                     .at = "rcu_in_lock",
                     .missing = "grandchild",
                     .reason = "it can't come any more",
                     .impossible = true,
                     .instead = {"probe/1 waits for a futex"}}};
    const std::string text = render(report, {.width = 140});
    CHECK(text.find("Order not possible\n") != std::string::npos);
    CHECK(text.find("  hold rcu_in_lock: grandchild can't come while a thread stays at rcu_in_lock") !=
          std::string::npos);
    CHECK(text.find("- probe/1 waits for a futex") != std::string::npos);
}

TEST_CASE("what the targets wrote is shown when something went wrong, without their control characters") {
    RunReport report = good_control();
    report.streams = {
        {.process = "probe", .out = "a\x1b[2J\nb\n", .err = "", .out_cut = true, .err_cut = false}};
    CHECK(render(report, {}).find("stdout") == std::string::npos);
    report.as_expected = false;
    CHECK(render(report, {}).find("  probe stdout (cut at its limit):\n    a?[2J\n    b\n") !=
          std::string::npos);
}

TEST_CASE("only the last lines of long output are shown") {
    RunReport report = good_control();
    report.as_expected = false;
    std::string out;
    for (int i = 1; i <= 12; ++i) out += "line " + std::to_string(i) + "\n";
    report.streams = {{.process = "p", .out = out, .err = "", .out_cut = false, .err_cut = false}};
    const std::string text = render(report, {});
    CHECK(text.find("line 2\n") == std::string::npos);
    CHECK(text.find("    line 3\n") != std::string::npos);
    CHECK(text.find("    line 12\n") != std::string::npos);
}

TEST_CASE("doubts say why nothing is proven") {
    RunReport report = inherited_lock_hang();
    report.outcome = Outcome::timeout;
    report.proven = report.as_expected = false;
    report.doubts = {"probe main is in the system call io_uring_enter, which this version does not follow"};
    CHECK(
        render(report, {}).find("Not proven, because\n  - probe main is in the system call io_uring_enter") !=
        std::string::npos);
}

TEST_CASE("paragraphs wrap at the width and stay under their lead") {
    CHECK(wrapped("  - ", "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd", {.width = 34}) ==
          "  - aaaaaaaaaa bbbbbbbbbb\n    cccccccccc dddddddddd\n");
    CHECK(wrapped("", "one", {}) == "one\n");
    CHECK(wrapped("└─ ", "", {}) == "└─ \n");
}

TEST_CASE("columns are counted in characters, not in bytes") {
    CHECK(columns_of("└─ ✓") == 4);
    CHECK(padded("└─", 4) == "└─  ");
}

}  // namespace
}  // namespace rehang
