#include "diagnose/proc_files.h"

#include <fcntl.h>

#include <cstring>
#include <string>

#include "catch.h"

using namespace rehang;

TEST_CASE("stat: a name may hold parentheses and spaces") {
    const auto stat = proc::parse_stat(
        "12 (a) b (c) S 1 12 12 0 -1 4194560 100 4 7 5 1 2 0 0 20 0 3 0 98765 1000 10 18446744073709551615");
    REQUIRE(stat);
    CHECK(stat->comm == "a) b (c");
    CHECK(stat->state == 'S');
    CHECK(stat->faults == 107);
    CHECK(stat->start_time == 98765);
    CHECK_FALSE(proc::parse_stat(""));
}

TEST_CASE("schedstat: time on the CPU and number of times; nothing where the kernel does not count") {
    const RunCount expected = {.cpu_ns = 123456, .times_run = 7};
    CHECK(proc::parse_schedstat("123456 999 7\n") == expected);
    CHECK_FALSE(proc::parse_schedstat("0 0 0\n"));
    CHECK_FALSE(proc::parse_schedstat(""));
}

TEST_CASE("syscall: in one, outside of one, running, gone") {
    const auto in = proc::parse_syscall("202 0x7f10 0x80 0x2 0x0 0x1 0xffffffffffffffff 0x7ffc10 0x7f1234\n");
    REQUIRE(in);
    CHECK(in->number == 202);
    CHECK(in->args == std::array<std::uint64_t, 6>{0x7f10, 0x80, 2, 0, 1, ~std::uint64_t{0}});
    CHECK(in->sp == 0x7ffc10);
    CHECK(in->pc == 0x7f1234);
    const auto outside = proc::parse_syscall("-1 0x7ffc10 0x401000\n");
    REQUIRE(outside);
    CHECK(outside->number == -1);
    CHECK(outside->pc == 0x401000);
    CHECK(proc::parse_syscall("running\n")->running);
    CHECK_FALSE(proc::parse_syscall(""));
}

TEST_CASE("status: the innermost number, the tracer, context switches") {
    const auto status = proc::parse_status(
        "Name:\tx\nTracerPid:\t44\nNSpid:\t1234\t17\t3\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_"
        "switches:\t6\n");
    CHECK(status.inner_tid == 3);
    CHECK(status.tracer == 44);
    CHECK(status.switches.times_run == 5);
    CHECK(status.switches.cpu_ns == 6);
}

TEST_CASE("status: signals that are caught and not blocked") {
    const auto status = proc::parse_status(
        "SigBlk:\t0000000000000002\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000004003\n");
    CHECK(status.caught == 0x4001);
}

TEST_CASE("fdinfo: locks, as the kernel prints them") {
    const auto info = proc::parse_fdinfo(
        "pos:\t0\nflags:\t0100002\nmnt_id:\t29\nino:\t131\n"
        "lock:\t1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF\n"
        "lock:\t2: POSIX  ADVISORY  READ  359 00:13:11691 10 19\n"
        "lock:\t3: OFDLCK ADVISORY  WRITE -1 00:13:11691 5 EOF\n"
        "lock:\t4: LEASE  ACTIVE    READ  359 00:13:11691 0 EOF\n");
    using Type = FileLock::Type;
    const std::vector<FileLock> expected = {
        {.type = Type::flock, .exclusive = true},
        {.type = Type::posix, .exclusive = false, .first = 10, .last = 19},
        {.type = Type::ofd, .exclusive = true, .first = 5},
        {.type = Type::other, .exclusive = false},
    };
    CHECK(info.locks == expected);
}

TEST_CASE("fdinfo: access mode, descriptors in flight, what epoll watches") {
    const auto info = proc::parse_fdinfo(
        "pos:\t0\nflags:\t02000001\nmnt_id:\t15\nscm_fds: 2\n"
        "tfd:        5 events:       19 data:                5  pos:0 ino:3d sdev:f\n"
        "tfd:       17 events:        1 data:               11  pos:0 ino:ff sdev:f\n");
    CHECK((info.flags & O_ACCMODE) == O_WRONLY);
    CHECK(info.scm_fds == 2);
    REQUIRE(info.watched.size() == 2);
    CHECK(info.watched[0].fd == 5);
    CHECK(info.watched[0].inode == 0x3d);
    CHECK(info.watched[0].events == 0x19);
    CHECK(info.watched[1].fd == 17);
    CHECK(info.watched[1].inode == 0xff);
}

TEST_CASE("fdinfo: a ring is unused if the kernel shows all counters, and all are 0") {
    const std::string unused =
        "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1063\nSqMask:\t0x7f\nSqHead:\t0\nSqTail:\t0\n"
        "CachedSqHead:\t0\nCqMask:\t0xff\nCqHead:\t0\nCqTail:\t0\nCachedCqTail:\t0\nSQEs:\t0\nCQEs:\t0\n";
    CHECK(proc::parse_fdinfo(unused).unused_ring);
    for (const char* counter :
         {"\nSqHead:", "SqTail:", "CachedSqHead:", "CqHead:", "CqTail:", "CachedCqTail:"}) {
        INFO(counter);
        std::string used = unused, hidden = unused;
        used.replace(used.find(counter) + std::strlen(counter) + 1, 1, "3");
        CHECK_FALSE(proc::parse_fdinfo(used).unused_ring);
        hidden.erase(hidden.find(counter), std::strlen(counter));
        CHECK_FALSE(proc::parse_fdinfo(hidden).unused_ring);
    }
    CHECK_FALSE(proc::parse_fdinfo("pos:\t0\nflags:\t02000002\n").unused_ring);
}

TEST_CASE("the inode stands in the name of a pipe") {
    CHECK(proc::inode_in("pipe:[4711]", "pipe") == 4711U);
    CHECK_FALSE(proc::inode_in("socket:[4711]", "pipe"));
    CHECK_FALSE(proc::inode_in("/tmp/pipe:[1]", "pipe"));
}

TEST_CASE("fdinfo: which eventfd, whether a timer is armed, whose pidfd, whether inotify watches") {
    CHECK(proc::parse_fdinfo("eventfd-count:                3\neventfd-id: 7\n").eventfd_id == 7U);
    CHECK_FALSE(proc::parse_fdinfo("eventfd-count:                3\n").eventfd_id);
    CHECK(proc::parse_fdinfo("ticks: 0\nit_value: (0, 500)\n").timer_armed);
    CHECK(proc::parse_fdinfo("ticks: 2\nit_value: (0, 0)\n").timer_armed);
    CHECK_FALSE(proc::parse_fdinfo("ticks: 0\nit_value: (0, 0)\nit_interval: (9, 9)\n").timer_armed);
    CHECK(proc::parse_fdinfo("mnt_id:\t4\nPid:\t21536\nNSpid:\t21536\n").pid == 21536);
    CHECK(proc::parse_fdinfo("Pid:\t-1\n").pid == -1);
    CHECK(proc::parse_fdinfo("ino:\t1\ninotify wd:1 ino:2 sdev:3 mask:2\n").inotify_watches);
}
