// Wrong system call faults: the message, and where it points.
#include "catch.h"
#include "texts.h"

using namespace rehang;
using namespace rehang::test;

namespace {

// Of a fault whose keys start in line 13.
Lines fault(const std::string& keys, const std::string& process = "probe") {
    return mistakes_with("[[fault]]\nname = \"f\"\nprocess = \"" + process + "\"\n" + keys + "\n");
}

// Of one whose `where` is in line 14.
Lines where(const std::string& call, const std::string& conditions) {
    return fault("syscall = " + call + "\nwhere = { " + conditions + " }\nlog = true");
}

// Of one that happens to read; the keys start in line 14.
Lines read_with(const std::string& keys) {
    return fault("syscall = \"read\"\n" + keys);
}

}  // namespace

TEST_CASE("a fault is of a function or of system calls") {
    CHECK(
        fault("syscall = \"read\"\nfunction = \"l!f\"\nerrno = \"EIO\"") ==
        Lines{
            "x.toml:14:1: error: [[fault]] has \"syscall\" already; only one of \"function\", \"syscall\" is "
            "possible"});
    CHECK(fault("return = 0") == Lines{"x.toml:10:1: error: [[fault]] needs \"function\" or \"syscall\""});
    CHECK(read_with("erno = \"EIO\"\nlog = true") ==
          Lines{"x.toml:14:1: error: unknown key \"erno\" in [[fault]]; did you mean \"errno\"?"});
}

TEST_CASE("a fault of a device needs a call that can be about one") {
    const auto device = [](const std::string& call, const std::string& more) {
        return fault("syscall = \"" + call + "\"\nerrno = \"EIO\"\ndevice = \"" + more);
    };
    CHECK(device("ioctl", "/dev/kvm\"") == Lines{});
    CHECK(device("getppid", "/dev/kvm\"") ==
          Lines{"x.toml:15:10: error: getppid is given no descriptor and no path of a device"});
    CHECK(device("ioctl", "kvm\"") == Lines{"x.toml:15:10: error: \"kvm\" is no absolute path of a device"});
    CHECK(device("ioctl", "/dev/kvm\"\nin_kernel = true") ==
          Lines{"x.toml:15:1: error: \"device\" is not possible with in_kernel: a filter knows no devices"});
}

TEST_CASE("calls that are none, of another architecture, or that a fault would break") {
    const auto call = [](const std::string& name) { return fault("syscall = \"" + name + "\"\nlog = true"); };
    CHECK(call("raed") == Lines{"x.toml:13:11: error: unknown system call \"raed\"; did you mean \"read\"?"});
    CHECK(call("send") ==
          Lines{"x.toml:13:11: error: \"send\" is no system call here: the function send() makes "
                "\"sendto\""});
    CHECK(call("cacheflush") ==
          Lines{"x.toml:13:11: error: \"cacheflush\" is a system call of other architectures only"});
    CHECK(call("%fiel") == Lines{"x.toml:13:11: error: unknown group of system calls \"%fiel\"; did you mean "
                                 "\"%file\"?\n    known are: %file, %desc, %clock, %creds, %ipc, %memory, "
                                 "%network, %process, %pure, %signal, %%stat, %%statfs"});
    CHECK(call("rt_sigreturn") ==
          Lines{"x.toml:13:11: error: rt_sigreturn can't be faulted: without it nothing "
                "would be as it was before the signal"});
    CHECK(call("seccomp") ==
          Lines{"x.toml:13:11: error: seccomp can't be faulted: rehang itself uses it to see the calls"});
    CHECK(call("ptrace").size() == 1);
    CHECK(call("exit_group") == Lines{});
    CHECK(fault("syscall = \"%clock\"\nlimit_bytes = 1") ==
          Lines{"x.toml:13:11: error: this can't happen to any call of %clock"});
    CHECK(fault("syscall = [\"read\", \"write\", \"read\"]\nlog = true") ==
          Lines{"x.toml:13:29: error: \"read\" is named twice"});
    CHECK(fault("syscall = []\nlog = true") == Lines{"x.toml:13:11: error: \"syscall\" must not be empty"});
    CHECK(fault("syscall = 1\nlog = true") == Lines{"x.toml:13:11: error: \"syscall\" must be text in "
                                                    "quotes, or a list of texts, not a whole number"});
    // Points say the same.
    CHECK(mistakes_with("[point.p]\nprocess = \"probe\"\nenter = \"syscall:waitpid\"\n") ==
          Lines{"x.toml:12:9: error: \"waitpid\" is no system call here: the function waitpid() makes "
                "\"wait4\""});
}

TEST_CASE("answers that a call can't give") {
    CHECK(
        fault("syscall = \"exit_group\"\nerrno = \"EIO\"") ==
        Lines{"x.toml:13:11: error: exit_group never returns: a fault can only come before it (delay, hold, "
              "kill, log)"});
    CHECK(fault("syscall = \"execve\"\nreturn = 0") ==
          Lines{"x.toml:13:11: error: execve returns only when it fails: give it an errno"});
    CHECK(fault("syscall = \"execve\"\nerrno = \"E2BIG\"") == Lines{});
    CHECK(fault("syscall = \"exit_group\"\ndelay = \"1ms\"\nnth = 2") ==
          Lines{"x.toml:15:7: error: there is no 2. exit_group: it is made once"});
}

TEST_CASE("regular expressions that no call's name fits, or that are none") {
    const auto call = [](const std::string& name) { return fault("syscall = " + name + "\nlog = true"); };
    CHECK(call("\"/^get.*id$/\"") == Lines{});
    CHECK(call("[\"read\", \"/^write/\"]") == Lines{});
    CHECK(call("\"/^raed/\"") == Lines{"x.toml:13:11: error: the name of no system call fits /^raed/"});
    CHECK(
        call("\"/^read\"") ==
        Lines{"x.toml:13:11: error: \"/^read\" is no name of a system call\n    a regular expression stands "
              "between slashes: \"/^get.*id$/\""});
    CHECK(call("\"//\"").size() == 1);
    CHECK(call("\"/\"").size() == 1);
    CHECK(call("\"/(/\"").size() == 1);
    CHECK(call("\"/^seccomp$/\"") ==
          Lines{"x.toml:13:11: error: this can't happen to any call of /^seccomp$/"});
}

TEST_CASE("signals that nobody is left to get") {
    const auto signal = [](const std::string& call, const std::string& to = "") {
        return fault("syscall = \"" + call + "\"\nsignal = \"SIGUSR1\"" + to);
    };
    CHECK(signal("exit_group") ==
          Lines{"x.toml:13:11: error: exit_group ends the process before it could get the signal"});
    CHECK(signal("exit_group", "\nsignal_to = \"process\"").size() == 1);
    CHECK(signal("exit") ==
          Lines{"x.toml:13:11: error: exit ends the thread before it could get the signal"});
    CHECK(signal("exit", "\nsignal_to = \"thread\"").size() == 1);
    CHECK(signal("exit", "\nsignal_to = \"process\"") == Lines{});  // another thread can get it
    CHECK(signal("%process") == Lines{});
}

TEST_CASE("bytes before and after a call that is made, and calls instead of it") {
    const auto write_with = [](const std::string& keys) { return fault("syscall = \"write\"\n" + keys); };
    CHECK(write_with("data_before = { buf = \"x\" }\nlimit_bytes = 1") == Lines{});
    CHECK(read_with("data_after = { buf = [0] }\nlimit_bytes = 1") == Lines{});
    CHECK(write_with("data_before = { fd = \"x\" }") ==
          Lines{"x.toml:14:17: error: fd of write points to no memory"});
    CHECK(write_with("data_before = { buf = \"x\" }\nerrno = \"EIO\"") ==
          Lines{"x.toml:15:1: error: \"errno\" contradicts \"data_before\" (line 14): the call is not made: "
                "\"data\" says what is written"});
    CHECK(read_with("data = { buf = \"x\" }\ndata_after = { buf = \"x\" }") ==
          Lines{"x.toml:15:1: error: \"data_after\" contradicts \"data\" (line 14): the call is not made"});
    // The kernel reads one of them and writes the other.
    const std::string clock = "syscall = \"clock_nanosleep\"\n";
    CHECK(fault(clock + "data_before = { timespec = { tv_sec = 1 } }") == Lines{});
    CHECK(fault("syscall = \"clock_gettime\"\ndata_after = { timespec = { tv_sec = 1 } }") == Lines{});
    CHECK(fault("syscall = \"clock_gettime\"\ndata_before = { timespec = { tv_sec = 1 } }") ==
          Lines{"x.toml:14:17: error: clock_gettime is given no timespec"});
    CHECK(fault("syscall = \"execve\"\ndata_after = { filename = \"x\" }") ==
          Lines{"x.toml:13:11: error: execve replaces the program that would see this: give it an errno"});

    CHECK(read_with("instead = \"getpid\"") == Lines{});
    CHECK(read_with("instead = \"gitpid\"") ==
          Lines{"x.toml:14:11: error: unknown system call \"gitpid\"; did you mean \"getpid\"?"});
    CHECK(
        read_with("instead = \"execve\"") ==
        Lines{"x.toml:14:11: error: execve can't be made instead of another call: it has arguments, or does "
              "more than answer\n    calls that can: getegid, geteuid, getgid, getpgrp, getpid, getppid, "
              "gettid, getuid"});
    CHECK(
        read_with("instead = \"getpid\"\nreturn = 1") ==
        Lines{"x.toml:15:1: error: \"return\" contradicts \"instead\" (line 14): a call answers one thing"});
    CHECK(fault("syscall = \"exit\"\ninstead = \"getpid\"").size() == 1);
    CHECK(read_with("errno = \"EIO\"\ninstead = \"getpid\"\nin_kernel = true").size() == 2);
}

TEST_CASE("arguments that a call has not") {
    CHECK(where("\"read\"", "cuont = 1") ==
          Lines{"x.toml:14:11: error: \"cuont\" is no argument of read; did you mean \"count\"?\n"
                "    its arguments are fd, buf, count; arg0 to arg5 work too"});
    CHECK(where("[\"read\", \"getpid\"]", "fd = 1") ==
          Lines{"x.toml:14:11: error: \"fd\" is no argument of getpid\n    getpid has no arguments"});
    CHECK(where("\"%ipc\"", "path = \"/x\"") ==
          Lines{"x.toml:14:11: error: no call of %ipc can fulfil this: msgctl is given no path"});
    CHECK(where("[\"%ipc\", \"read\"]", "fd = 1") == Lines{});
    CHECK(where("\"read\"", "fd = 1, arg0 = 1") ==
          Lines{"x.toml:14:19: error: \"fd\" and \"arg0\" are the same argument of read"});
    CHECK(where("\"ioctl\"", "request = 1, cmd = 1").size() == 1);
}

TEST_CASE("values that an argument can't have") {
    CHECK(where("\"read\"", "fd = 0x100000000") ==
          Lines{"x.toml:14:16: error: fd can't be 4294967296: it has 32 bits"});
    CHECK(where("\"ioctl\"", "request = \"KVM_IRQ_LINE_STAUS\"") ==
          Lines{"x.toml:14:21: error: \"KVM_IRQ_LINE_STAUS\" is no number and no ioctl request that is known "
                "here; "
                "did you mean \"KVM_IRQ_LINE_STATUS\"?"});
    CHECK(where("\"%desc\"", "fd = 0x100000000").size() == 1);
    CHECK(where("\"read\"", "count = \"10..1\"") == Lines{"x.toml:14:19: error: nothing is in 10..1"});
    CHECK(where("\"read\"", "count = \"..\"") == Lines{"x.toml:14:19: error: everything is in .."});
    CHECK(where("\"read\"", "count = \"-1..\"") ==
          Lines{"x.toml:14:19: error: -1 can't end a range: its numbers have no sign"});
    CHECK(where("\"read\"", "fd = \"0..0x100000000\"").size() == 1);
    CHECK(where("\"read\"", "count = \"x..\"").size() == 1);
    CHECK(where("\"read\"", "count = [1]") ==
          Lines{"x.toml:14:19: error: \"count\" is compared with a number or text, not with a list"});
}

TEST_CASE("paths, descriptors and buffers") {
    CHECK(where("\"openat\"", "path = \"etc/*\"") ==
          Lines{"x.toml:14:18: error: \"etc/*\" fits no path: they are compared as absolute ones; write "
                "\"*/etc/*\" "
                "or begin with \"/\""});
    CHECK(where("\"openat\"", "path = \"/etc/../x\"").size() == 1);
    CHECK(where("\"read\"", "path = \"/x\"") == Lines{"x.toml:14:11: error: read is given no path"});
    CHECK(where("\"read\"", "fd = \"sokcet\"") ==
          Lines{"x.toml:14:16: error: no descriptor is open on \"sokcet\"; did you mean \"socket\"?; write a "
                "path "
                "(\"/dev/*\"), or what begins with pipe, socket, anon_inode, tcp, udp, ip, unix"});
    CHECK(
        where("\"openat\"", "dfd = \"AT_FDCDW\"") ==
        Lines{
            "x.toml:14:17: error: \"AT_FDCDW\" is no number and no constant that is known here; did you mean "
            "\"AT_FDCWD\"?"});
    CHECK(where("\"read\"", "begins = \"x\"") ==
          Lines{"x.toml:14:11: error: read writes nothing that could begin so"});
    CHECK(where("\"sendmsg\"", "begins = \"x\"") ==
          Lines{"x.toml:14:11: error: what sendmsg sends is not looked at: its bytes lie behind two "
                "pointers; name "
                "the socket with fd instead"});
    CHECK(where("\"write\"", "begins = \"\"").size() == 1);
}

TEST_CASE("structs and their members") {
    CHECK(where("\"openat2\"", "open_how = { falgs = 1 }") ==
          Lines{"x.toml:14:24: error: open_how has no member \"falgs\" that is known here; did you mean "
                "\"flags\"?\n"
                "    known are: flags, mode, resolve"});
    CHECK(
        where("\"openat2\"", "open_hwo = { flags = 1 }") ==
        Lines{
            "x.toml:14:11: error: \"open_hwo\" is no struct that is known here; did you mean \"open_how\"?"});
    CHECK(where("\"openat\"", "open_how = { flags = 1 }") ==
          Lines{"x.toml:14:11: error: openat is given no open_how"});
    CHECK(where("\"openat2\"", "open_how = 1") ==
          Lines{"x.toml:14:22: error: \"open_how\" is a struct: write open_how = { flags = VALUE }"});
    CHECK(where("\"openat2\"", "open_how = {}").size() == 1);
    CHECK(where("\"ioctl\"", "kvm_irq_level = { level = 1 }") ==
          Lines{"x.toml:14:11: error: ioctl is given a kvm_irq_level only with request = \"KVM_IRQ_LINE\" or "
                "\"KVM_IRQ_LINE_STATUS\""});
    CHECK(where("\"ioctl\"", "request = \"KVM_RUN\", kvm_irq_level = { level = 1 }").size() == 1);
    CHECK(where("\"fcntl\"", "cmd = \"F_SETLK\", flock = { l_type = 0x10000 }") ==
          Lines{"x.toml:14:47: error: l_type can't be 65536: it has 16 bits"});
}

TEST_CASE("numbers that contradict each other, or are none") {
    CHECK(read_with("log = true\nnth = 1\nfrom = 2\nevery = 2") ==
          Lines{"x.toml:16:1: error: \"from\" contradicts \"nth\" (line 15), which is one call only",
                "x.toml:17:1: error: \"every\" contradicts \"nth\" (line 15), which is one call only"});
    CHECK(read_with("log = true\nfrom = 3\nto = 2") ==
          Lines{"x.toml:16:6: error: no call is from the 3. to the 2."});
    CHECK(read_with("log = true\nnth = 0") ==
          Lines{"x.toml:15:7: error: \"nth\" must be between 1 and 2147483647"});
    CHECK(read_with("log = true\nnth = 2\ntimes = 2") ==
          Lines{"x.toml:16:9: error: this can't happen 2 times: \"nth\" leaves 1"});
    CHECK(read_with("log = true\nfrom = 2\nto = 6\nevery = 2\ntimes = 3") == Lines{});
    CHECK(read_with("log = true\nfrom = 2\nto = 6\nevery = 2\ntimes = 4").size() == 1);
    CHECK(read_with("log = true\nprobability = 0") ==
          Lines{"x.toml:15:15: error: \"probability\" must be more than 0 and at most 1"});
    CHECK(read_with("log = true\nprobability = 1.5").size() == 1);
    CHECK(read_with("log = true\nnth = \"1\"") ==
          Lines{"x.toml:15:7: error: \"nth\" must be a whole number, not text"});
    CHECK(read_with("log = true\ncount = \"proces\"") ==
          Lines{"x.toml:15:9: error: unknown count \"proces\"; did you mean \"process\"?\n"
                "    known are: process, thread, all"});
}

TEST_CASE("windows refer to what there is") {
    const std::string points =
        "\n[point.a]\nprocess = \"probe\"\nenter = \"syscall:write\"\n"
        "[point.main]\nprocess = \"probe\"\nenter = \"syscall:close\"\n";
    CHECK(read_with("log = true\nafter = \"b\"" + points) ==
          Lines{"x.toml:15:9: error: there is no point \"b\"; did you mean \"a\"?"});
    CHECK(read_with("log = true\nafter = \"a\"\nbefore = \"a\"" + points) ==
          Lines{"x.toml:16:10: error: nothing is after and before \"a\" (line 15)"});
    CHECK(read_with("log = true\nafter = \"main\"") == Lines{});
    CHECK(read_with("log = true\nafter = \"main\"" + points) ==
          Lines{"x.toml:19:8: error: after = \"main\" (line 15) means the program's main(), not this point\n"
                "    give the point another name"});
    CHECK(read_with("log = true\nwhile = \"a\"" + points) ==
          Lines{"x.toml:15:9: error: there is no hold \"a\""});
    CHECK(read_with("hold = \"a\"\nwhile = \"f\"" + points) ==
          Lines{"x.toml:15:9: error: a fault can't wait for the hold that it makes itself"});
}

TEST_CASE("a fault does something, and nothing that contradicts it") {
    CHECK(read_with("nth = 1") ==
          Lines{"x.toml:10:1: error: this fault does nothing\n"
                "    give it errno, return, data, data_before, data_after, instead, limit_bytes, delay, "
                "delay_after, signal, kill, hold, or log = true to count the calls"});
    CHECK(read_with("errno = \"EIO\"\nreturn = 0") ==
          Lines{"x.toml:15:1: error: \"return\" contradicts \"errno\" (line 14): a call answers one thing"});
    CHECK(read_with("limit_bytes = 1\nerrno = \"EIO\"") ==
          Lines{"x.toml:15:1: error: \"errno\" contradicts \"limit_bytes\" (line 14): the call is not made"});
    CHECK(read_with("kill = true\ndelay_after = \"1ms\"").size() == 1);
    CHECK(read_with("errno = \"EBUZY\"") ==
          Lines{"x.toml:14:9: error: unknown errno \"EBUZY\"; did you mean \"EBUSY\"?"});
    CHECK(read_with("delay = \"0ms\"").size() == 1);
    CHECK(read_with("delay = 3") == Lines{"x.toml:14:9: error: \"delay\" must be a duration in quotes, such "
                                          "as \"10ms\", not a whole number"});
    CHECK(read_with("signal = \"SIGURS1\"") ==
          Lines{"x.toml:14:10: error: unknown signal \"SIGURS1\"; did you mean \"SIGUSR1\"?"});
    CHECK(
        read_with("signal = \"SIGKILL\"") ==
        Lines{
            "x.toml:14:10: error: SIGKILL ends the process before the call\n    write kill = true instead"});
    CHECK(read_with("signal = \"SIGUSR1\"\nsignal_to = \"proces\"").size() == 1);
    CHECK(read_with("log = true\nsignal_to = \"process\"") ==
          Lines{"x.toml:15:1: error: \"signal_to\" says nothing without \"signal\""});
    CHECK(read_with("log = true\nlimit = \"1s\"").size() == 1);
}

TEST_CASE("bytes are limited where the call is told their number, and written where an argument points") {
    CHECK(fault("syscall = \"connect\"\nlimit_bytes = 1") ==
          Lines{"x.toml:14:15: error: connect is told no number of bytes that could be limited\n"
                "    calls that are: read, write, pread64, pwrite64, sendto, recvfrom, getrandom, sendfile, "
                "splice, "
                "copy_file_range, getdents64, readlink"});
    CHECK(fault("syscall = [\"read\", \"sendfile\"]\nlimit_bytes = 1") ==
          Lines{"x.toml:14:15: error: read and sendfile are told their number of bytes in different "
                "arguments: write "
                "one fault for each"});
    CHECK(read_with("data = { fd = \"x\" }") == Lines{"x.toml:14:10: error: fd of read points to no memory"});
    CHECK(read_with("data = { bfu = \"x\" }") ==
          Lines{"x.toml:14:10: error: \"bfu\" is no argument of read; did you mean \"buf\"?"});
    CHECK(read_with("data = { buf = [256] }") ==
          Lines{"x.toml:14:17: error: bytes are whole numbers from 0 to 255"});
    CHECK(read_with("data = \"x\"") ==
          Lines{"x.toml:14:8: error: \"data\" must be a table: data = { NAME = VALUE }"});
    CHECK(read_with("data = { timespec = { tv_sec = 1 } }") ==
          Lines{"x.toml:14:10: error: read fills in no timespec"});
    CHECK(fault("syscall = [\"read\", \"getrandom\"]\ndata = { buf = \"x\" }") ==
          Lines{"x.toml:14:10: error: \"buf\" is the 2. argument of read and the 1. of getrandom: write one "
                "fault for "
                "each"});
}

TEST_CASE("the kernel's filter sees calls and their arguments, nothing else") {
    const std::string kernel = "errno = \"EIO\"\nin_kernel = true\n";
    CHECK(read_with(kernel) == Lines{});
    CHECK(read_with(kernel + "nth = 1") == Lines{"x.toml:16:1: error: \"nth\" is not possible with "
                                                 "in_kernel, where a filter in the kernel answers: it "
                                                 "does not count"});
    CHECK(read_with(kernel + "thread = \"main\"").size() == 1);
    CHECK(read_with(kernel + "where = { count = \"1..\" }") ==
          Lines{"x.toml:16:1: error: \"where\" has conditions that the kernel can't compare, which in_kernel "
                "needs: it "
                "compares numbers with arguments, nothing else"});
    CHECK(read_with(kernel + "where = { count = 1 }") == Lines{});
    CHECK(read_with("return = 0\nin_kernel = true").size() == 2);
    CHECK(fault("syscall = \"read\"\n" + kernel, "probe/1") ==
          Lines{"x.toml:12:11: error: probe/1 can't have a filter of its own in the kernel: it is there from "
                "the start "
                "of a [[process]] on\n    write process = \"probe\", or leave in_kernel out"});
    CHECK(read_with(kernel + "[point.p]\nprocess = \"probe\"\nfault = \"f\"") ==
          Lines{"x.toml:18:9: error: nobody sees \"f\" fire: the kernel answers by itself (line 15)"});
}

TEST_CASE("points at faults, and controls that drop these") {
    const auto point = [](const std::string& rest) {
        return fault("syscall = \"read\"\nlog = true\n" + rest, "probe/1");
    };
    const std::string at_fault = "[point.p]\nprocess = \"probe/1\"\nfault = \"f\"\n";
    CHECK(point(at_fault) == Lines{});
    CHECK(point("[point.p]\nprocess = \"probe/1\"\nfault = \"g\"\n") ==
          Lines{"x.toml:17:9: error: there is no system call fault \"g\"; did you mean \"f\"?"});
    CHECK(point("[point.p]\nprocess = \"probe/2\"\nfault = \"f\"\n") ==
          Lines{"x.toml:16:11: error: \"f\" never fires in probe/2: it is a fault of probe/1 (line 12)"});
    CHECK(point("[[fault]]\nname = \"g\"\nprocess = \"probe\"\nfunction = \"l!f\"\nreturn = 0\n"
                "[point.p]\nprocess = \"probe\"\nfault = \"g\"\n") ==
          Lines{"x.toml:22:9: error: \"g\" is a function fault (line 16), which nobody sees happen\n"
                "    write a point at the function: enter = \"MODULE!SYMBOL\""});
    const std::string other = "[point.q]\nprocess = \"probe\"\nenter = \"syscall:write\"\n";
    CHECK(point(at_fault + other +
                "[[hold]]\nat = \"q\"\nuntil = \"p\"\n[control]\ndrop = [\"f\"]\noutcome = "
                "\"exited\"\n") == Lines{"x.toml:23:9: error: the control (line 24) drops the fault \"f\", "
                                         "and nothing else reaches \"p\""});
    CHECK(point(at_fault + other +
                "[[hold]]\nat = \"q\"\nuntil = \"p\"\n[control]\ndrop = [\"f\", \"q\"]\noutcome "
                "= \"exited\"\n") == Lines{});
    CHECK(
        mistakes_with("[[fault]]\nname = \"f\"\nprocess = \"probe\"\nsyscall = \"read\"\nhold = \"p\"\n"
                      "[point.p]\nprocess = \"probe\"\nfault = \"f\"\n") ==
        Lines{
            "x.toml:14:8: error: nobody is held until \"p\": it is reached when this fault fires (line 17)"});
}
