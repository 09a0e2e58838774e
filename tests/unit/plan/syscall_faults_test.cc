// System call faults on their way from the scenario into the plan.
#include <cerrno>
#include <csignal>

#include "base/names.h"
#include "plans.h"

using namespace rehang;
using namespace rehang::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t all_bits = ~std::uint64_t{0};

int number_of(const char* call) {
    return syscall_number(call).value();
}

// Of a scenario with one fault.
PlannedSyscallFault fault_with(const std::string& keys, const std::string& rest = "") {
    const Plan plan = only_plan("[[fault]]\nname = \"f\"\nprocess = \"probe\"\n" + keys + "\n" + rest);
    REQUIRE(plan.syscall_faults.size() == 1);
    return plan.syscall_faults.front();
}

CallSelector only_call(const std::string& keys) {
    const auto fault = fault_with(keys + "\nlog = true");
    REQUIRE(fault.calls.size() == 1);
    return fault.calls.front();
}

bool has(const std::vector<CallSelector>& calls, const char* name) {
    const auto times = std::ranges::count(calls, number_of(name), &CallSelector::number);
    CHECK(times <= 1);
    return times == 1;
}

}  // namespace

TEST_CASE("a fault without more than a call and an errno happens to every one, below the process too") {
    const auto fault = fault_with("syscall = \"openat\"\nerrno = \"EMFILE\"");
    CHECK(fault.name == "f");
    CHECK(fault.process.text() == "probe");
    CHECK(fault.below);
    CHECK(fault.thread.kind == ThreadSelector::Kind::any);
    REQUIRE(fault.calls.size() == 1);
    CHECK(fault.calls[0] == CallSelector{number_of("openat"), {}, {}});
    CHECK(fault.occurrence.per == FaultOccurrence::Count::process);
    CHECK(fault.occurrence.from == 1);
    CHECK(fault.occurrence.to == all_bits);
    CHECK(fault.occurrence.every == 1);
    CHECK_FALSE(fault.occurrence.times);
    CHECK(fault.occurrence.probability == 1);
    CHECK(fault.effect.answer == -EMFILE);
    CHECK(fault.effect.is_immediate());
    CHECK_FALSE(fault.in_kernel);
    CHECK_FALSE(fault.optional);
    CHECK(fault.at == Span{13, 11});
}

TEST_CASE("a fault can be narrowed to a thread and to the process without those below it") {
    const auto fault =
        fault_with("syscall = \"read\"\nlog = true\nthread = \"!main\"\nbelow = false\noptional = true");
    CHECK(fault.thread.kind == ThreadSelector::Kind::not_main);
    CHECK_FALSE(fault.below);
    CHECK(fault.optional);
}

TEST_CASE("lists and groups name several calls, each once") {
    const auto two = fault_with("syscall = [\"write\", \"%ipc\", \"read\"]\nlog = true").calls;
    REQUIRE(two.size() > 3);
    CHECK(two[0].number == number_of("write"));
    CHECK(two[1].number == number_of("read"));
    CHECK(two[2].number == number_of("msgctl"));
    const auto desc = fault_with("syscall = [\"read\", \"%desc\"]\nlog = true").calls;
    CHECK(has(desc, "read"));
    CHECK(has(desc, "close"));
    CHECK_FALSE(has(desc, "getpid"));
    const auto file = fault_with("syscall = \"%file\"\nlog = true").calls;
    for (const char* call : {"openat", "unlink", "renameat2", "execve", "statx"}) {
        INFO(call);
        CHECK(has(file, call));
    }
    CHECK_FALSE(has(file, "read"));
}

TEST_CASE("a regular expression names all calls that it is found in, beside others") {
    const auto ids = fault_with("syscall = [\"read\", \"/^get.*id$/\"]\nlog = true").calls;
    CHECK(ids[0].number == number_of("read"));
    for (const char* call : {"getpid", "getuid", "getsid", "getresuid"}) {
        INFO(call);
        CHECK(has(ids, call));
    }
    CHECK_FALSE(has(ids, "getpriority"));
    CHECK_FALSE(has(ids, "setuid"));
    const auto all = fault_with("syscall = \"/./\"\nwhere = { path = \"*\" }\nlog = true").calls;
    CHECK(has(all, "openat"));
    CHECK_FALSE(has(all, "read"));  // has no path
    CHECK_FALSE(has(fault_with("syscall = \"/^(?!open)/\"\nlog = true").calls, "openat"));
}

TEST_CASE("calls of a group that can't fulfil the conditions, or not take the effect, are left out") {
    const auto with_path = fault_with("syscall = \"%desc\"\nwhere = { path = \"/etc/*\" }\nlog = true").calls;
    CHECK(has(with_path, "openat"));
    CHECK_FALSE(has(with_path, "read"));
    const auto on_socket = fault_with("syscall = \"%desc\"\nwhere = { fd = \"socket\" }\nlog = true").calls;
    CHECK(has(on_socket, "read"));
    CHECK_FALSE(has(on_socket, "pidfd_getfd"));
    const auto process = fault_with("syscall = \"%process\"\nerrno = \"EPERM\"").calls;
    CHECK(has(process, "kill"));
    CHECK_FALSE(has(process, "exit_group"));
    CHECK_FALSE(has(fault_with("syscall = \"%signal\"\nlog = true").calls, "rt_sigreturn"));
    const auto counted = fault_with("syscall = \"%network\"\nwhere = { flags = 0 }\nlimit_bytes = 1");
    CHECK(has(counted.calls, "sendto"));
    CHECK(has(counted.calls, "recvfrom"));
    CHECK_FALSE(has(counted.calls, "accept4"));
    CHECK(counted.effect.limited_argument == 2);
}

TEST_CASE("numbers and constants are the kernel's to compare, by the argument's width") {
    const auto call = only_call("syscall = \"openat\"\nwhere = { dfd = -100, flags = \"&O_CREAT\" }");
    REQUIRE(call.arguments.size() == 2);
    CHECK(call.more.empty());
    CHECK(call.arguments[0] == ArgumentCondition{.index = 0, .mask = 0xffffffff, .value = 0xffffff9c});
    CHECK(call.arguments[1] == ArgumentCondition{.index = 2, .mask = 0100, .value = 0100});
}

TEST_CASE("ioctl requests go by name or number") {
    const ArgumentCondition expected{.index = 1, .mask = 0xffffffff, .value = 0xae80};
    for (const char* where :
         {"request = \"KVM_RUN\"", "request = 0xae80", "cmd = \"KVM_RUN\"", "arg1 = 44672"}) {
        const auto call = only_call("syscall = \"ioctl\"\nwhere = { " + std::string(where) + " }");
        CHECK(call.arguments == std::vector{expected});
    }
    const Plan plan = only_plan(
        "[point.p]\nprocess = \"probe\"\nenter = \"syscall:ioctl\"\nwhere = { request = \"KVM_RUN\" }\n");
    CHECK(std::get<EntersSyscall>(plan.points[0].event).where == std::vector{expected});
}

TEST_CASE("ranges include both ends and are as wide as the argument") {
    const auto range = [](const std::string& value, const char* name = "count") {
        const auto call =
            only_call("syscall = \"write\"\nwhere = { " + std::string(name) + " = \"" + value + "\" }");
        REQUIRE(call.more.size() == 1);
        return std::get<ArgumentRange>(call.more[0]);
    };
    CHECK(range("4096..") == ArgumentRange{2, all_bits, 4096, all_bits});
    CHECK(range("..4095") == ArgumentRange{2, all_bits, 0, 4095});
    CHECK(range("1..0x10") == ArgumentRange{2, all_bits, 1, 16});
    CHECK(range("3..", "fd") == ArgumentRange{0, 0xffffffff, 3, 0xffffffff});
}

TEST_CASE("a path is looked for in all arguments that have one, with the folders that they start in") {
    const auto paths = [](const std::string& call, const std::string& name = "path") {
        const auto selector = only_call("syscall = \"" + call + "\"\nwhere = { " + name + " = \"/etc/*\" }");
        REQUIRE(selector.more.size() == 1);
        const auto& condition = std::get<PathCondition>(selector.more[0]);
        CHECK(condition.pattern == "/etc/*");
        return condition.arguments;
    };
    using Argument = PathCondition::Argument;
    CHECK(paths("open") == std::vector{Argument{0, std::nullopt}});
    CHECK(paths("openat") == std::vector{Argument{1, 0U}});
    CHECK(paths("renameat2") == std::vector{Argument{1, 0U}, Argument{3, 2U}});
    CHECK(paths("renameat2", "newname") == std::vector{Argument{3, 2U}});
    CHECK(paths("symlinkat") == std::vector{Argument{2, 1U}});
    CHECK(paths("readlink") == std::vector{Argument{0, std::nullopt}});
}

TEST_CASE("a descriptor goes by its number or by what it is open on") {
    CHECK(only_call("syscall = \"read\"\nwhere = { fd = 0 }").arguments ==
          std::vector{ArgumentCondition{.index = 0, .mask = 0xffffffff, .value = 0}});
    const auto open_on = [](const std::string& call, const std::string& condition) {
        const auto selector = only_call("syscall = \"" + call + "\"\nwhere = { " + condition + " }");
        REQUIRE(selector.more.size() == 1);
        return std::get<DescriptorCondition>(selector.more[0]);
    };
    CHECK(open_on("read", "fd = \"/dev/null\"") == DescriptorCondition{0, "/dev/null"});
    CHECK(open_on("ioctl", "fd = \"anon_inode:kvm-vm\"") == DescriptorCondition{0, "anon_inode:kvm-vm"});
    CHECK(open_on("dup2", "fd = \"pipe\"") == DescriptorCondition{0, "pipe"});
    CHECK(open_on("dup2", "newfd = \"tcp:*:80\"") == DescriptorCondition{1, "tcp:*:80"});
    CHECK(open_on("epoll_ctl", "fd = \"socket\"") == DescriptorCondition{2, "socket"});
}

TEST_CASE("what is written is found in a buffer or in vectors") {
    const auto begins = [](const std::string& call) {
        const auto selector = only_call("syscall = \"" + call + "\"\nwhere = { begins = \"GET \" }");
        REQUIRE(selector.more.size() == 1);
        return std::get<BufferCondition>(selector.more[0]);
    };
    CHECK(begins("write") == BufferCondition{1, 2U, std::nullopt, "GET "});
    CHECK(begins("sendto") == BufferCondition{1, 2U, std::nullopt, "GET "});
    CHECK(begins("pwritev") == BufferCondition{1, std::nullopt, 2U, "GET "});
}

TEST_CASE("members of structs have their place, size and byte order") {
    const auto members = [](const std::string& call, const std::string& where) {
        std::vector<MemberCondition> found;
        for (const CallCondition& condition :
             only_call("syscall = \"" + call + "\"\nwhere = { " + where + " }").more)
            found.push_back(std::get<MemberCondition>(condition));
        return found;
    };
    CHECK(members("ioctl", "request = \"KVM_SET_DEVICE_ATTR\", kvm_device_attr = { group = 1, attr = 2 }") ==
          std::vector{MemberCondition{2, 4, 4, 0xffffffff, 1}, MemberCondition{2, 8, 8, all_bits, 2}});
    CHECK(members("clone3", "clone_args = { flags = \"&CLONE_VM\" }") ==
          std::vector{MemberCondition{0, 0, 8, 0x100, 0x100}});
    CHECK(members("connect", "sockaddr_in = { sin_port = 80, sin_addr = \"127.0.0.1\" }") ==
          std::vector{MemberCondition{1, 2, 2, 0xffff, 0x5000},
                      MemberCondition{1, 4, 4, 0xffffffff, 0x0100007f}});
    CHECK(members("timerfd_settime", "itimerspec = { it_value.tv_sec = 3 }") ==
          std::vector{MemberCondition{2, 16, 8, all_bits, 3}});
    CHECK(members("fcntl", "cmd = \"F_SETLKW\", flock = { l_type = \"F_WRLCK\" }") ==
          std::vector{MemberCondition{2, 0, 2, 0xffff, 1}});
}

TEST_CASE("occurrence") {
    const auto occurrence = [](const std::string& keys) {
        return fault_with("syscall = \"read\"\nlog = true\n" + keys).occurrence;
    };
    const auto nth = occurrence("nth = 3\ncount = \"thread\"");
    CHECK(nth.from == 3);
    CHECK(nth.to == 3);
    CHECK(nth.per == FaultOccurrence::Count::thread);
    const auto some =
        occurrence("from = 2\nto = 10\nevery = 4\ntimes = 2\ncount = \"all\"\nprobability = 0.25");
    CHECK(some.from == 2);
    CHECK(some.to == 10);
    CHECK(some.every == 4);
    CHECK(some.times == 2);
    CHECK(some.per == FaultOccurrence::Count::all);
    CHECK(some.probability == 0.25);
    CHECK(occurrence("probability = 1").probability == 1);
}

TEST_CASE("effects") {
    const auto effect = [](const std::string& keys, const std::string& call = "read") {
        return fault_with("syscall = \"" + call + "\"\n" + keys).effect;
    };
    CHECK(effect("return = 7").answer == 7);
    const auto data = effect("data = { buf = \"hello\" }");
    CHECK(data.answer == 5);
    REQUIRE(data.writes.size() == 1);
    CHECK(data.writes[0].index == 1);
    CHECK(data.writes[0].offset == 0);
    CHECK(data.writes[0].bytes == "hello");
    CHECK(effect("data = { buf = [0, 255] }").writes[0].bytes == std::string("\0\xff", 2));
    CHECK(effect("data = { buf = \"hello\" }\nreturn = 2").answer == 2);
    CHECK(effect("data = { buf = \"hello\" }\nerrno = \"EIO\"").answer == -EIO);
    const auto limited = effect("limit_bytes = 10", "sendfile");
    CHECK_FALSE(limited.answer);
    CHECK(limited.limit_bytes == 10);
    CHECK(limited.limited_argument == 3);
    CHECK_FALSE(limited.is_immediate());
    const auto slow = effect("delay = \"10ms\"\ndelay_after = \"2s\"");
    CHECK(slow.delay == Duration(10ms));
    CHECK(slow.delay_after == Duration(2s));
    const auto signal = effect("signal = \"SIGUSR1\"\nsignal_to = \"process\"");
    CHECK(signal.signal == SIGUSR1);
    CHECK(signal.signal_process);
    CHECK_FALSE(effect("signal = \"SIGUSR1\"").signal_process);
    const auto before = effect("data_before = { buf = \"hello\" }", "write");
    CHECK_FALSE(before.answer);
    CHECK(before.is_immediate());
    REQUIRE(before.writes_before.size() == 1);
    CHECK(before.writes_before[0].index == 1);
    CHECK(before.writes_before[0].bytes == "hello");
    const auto after = effect("data_after = { buf = [7] }");
    CHECK_FALSE(after.answer);
    CHECK_FALSE(after.is_immediate());
    REQUIRE(after.writes_after.size() == 1);
    CHECK(after.writes_after[0].bytes == "\7");
    const auto other = effect("instead = \"getpid\"");
    CHECK(other.instead == number_of("getpid"));
    CHECK_FALSE(other.answer);
    CHECK_FALSE(other.is_immediate());
    CHECK(effect("kill = true").kill);
    CHECK_FALSE(effect("log = true").answer);
}

TEST_CASE("data can be members of a struct that the call fills in") {
    const auto fault = fault_with(
        "syscall = \"ioctl\"\nwhere = { request = \"KVM_IRQ_LINE_STATUS\" }\n"
        "data = { kvm_irq_level = { status = 1 } }");
    CHECK(fault.effect.answer == 0);
    REQUIRE(fault.effect.writes.size() == 1);
    CHECK(fault.effect.writes[0].index == 2);
    CHECK(fault.effect.writes[0].offset == 0);
    CHECK(fault.effect.writes[0].bytes == std::string("\1\0\0\0", 4));
}

TEST_CASE("a window refers to points and holds by index, or to the program's main()") {
    const std::string points =
        "[point.a]\nprocess = \"probe\"\nenter = \"syscall:read\"\n"
        "[point.b]\nprocess = \"probe\"\nenter = \"syscall:write\"\n"
        "[[hold]]\nname = \"h\"\nat = \"a\"\nuntil = \"b\"\n";
    const auto window = [&](const std::string& keys) {
        return fault_with("syscall = \"close\"\nlog = true\n" + keys, points).window;
    };
    const auto between = window("after = \"a\"\nbefore = \"b\"");
    CHECK_FALSE(between.after_entry);
    CHECK(between.after == 0U);
    CHECK(between.before == 1U);
    CHECK_FALSE(between.while_held);
    const auto entry = window("after = \"main\"");
    CHECK(entry.after_entry);
    CHECK_FALSE(entry.after);
    CHECK(window("while = \"h\"").while_held == 0U);
    CHECK(window("while = \"a\"").while_held == 0U);
}

TEST_CASE("a fault that holds is a point that it reaches and a hold at it") {
    const Plan plan = only_plan(R"([point.go]
process = "probe"
enter = "syscall:write"
[[fault]]
name = "other"
process = "probe"
function = "l.so!f"
return = 0
[[fault]]
name = "first"
process = "probe"
syscall = "openat"
errno = "ENOENT"
[[fault]]
name = "f"
process = "probe/1"
thread = "!main"
syscall = "read"
hold = "go"
limit = "1s"
[[fault]]
name = "meanwhile"
process = "probe"
syscall = "close"
while = "f"
log = true
)");
    REQUIRE(plan.syscall_faults.size() == 3);
    REQUIRE(plan.points.size() == 2);
    REQUIRE(plan.holds.size() == 1);
    CHECK(plan.syscall_faults[1].effect.held_at == 1U);
    CHECK_FALSE(plan.syscall_faults[1].effect.is_immediate());
    CHECK(plan.points[1].name == "f");
    CHECK(plan.points[1].process.text() == "probe/1");
    CHECK(plan.points[1].thread.kind == ThreadSelector::Kind::not_main);
    CHECK(std::get<FaultFires>(plan.points[1].event).fault == 1);
    CHECK(plan.holds[0].name == "f");
    CHECK(plan.holds[0].at == 1);
    CHECK(plan.holds[0].until == 0);
    CHECK(plan.holds[0].limit == Duration(1s));
    CHECK(plan.syscall_faults[2].window.while_held == 0U);
}

TEST_CASE("a point can be the n-th time that a fault fires, and is gone with it") {
    const std::string body = R"([[fault]]
name = "stub"
process = "probe"
function = "l.so!f"
return = 0
[[fault]]
name = "f"
process = "probe"
syscall = "read"
errno = "EIO"
[point.p]
process = "probe/1"
fault = "f"
nth = 2
[control]
drop = ["f"]
outcome = "exited"
)";
    const auto plans = plans_of(body);
    REQUIRE(plans.size() == 2);
    REQUIRE(plans[0].points.size() == 1);
    CHECK(std::get<FaultFires>(plans[0].points[0].event).fault == 0);
    CHECK(plans[0].points[0].nth == 2);
    CHECK(plans[1].points.empty());
    CHECK(plans[1].syscall_faults.empty());
    CHECK(plans[1].function_faults.size() == 1);
}

TEST_CASE("parameters can be in calls, conditions, numbers and effects") {
    const auto plans = plans_of(R"([params]
call = "read"
n = 1
error = "EIO"
least = 10
[matrix]
n = [2, 3]
[[fault]]
name = "f"
process = "probe"
syscall = "${call}"
where = { count = "${least}.." }
nth = "${n}"
errno = "${error}"
)");
    REQUIRE(plans.size() == 2);
    CHECK(plans[0].syscall_faults[0].occurrence.from == 2);
    CHECK(plans[1].syscall_faults[0].occurrence.to == 3);
    CHECK(plans[0].syscall_faults[0].effect.answer == -EIO);
    CHECK(std::get<ArgumentRange>(plans[0].syscall_faults[0].calls[0].more[0]).least == 10);
    const auto irq = only_plan(
        "[params]\nr = \"KVM_IRQ_LINE\"\nlevel = 1\n[[fault]]\nname = \"f\"\nprocess = \"probe\"\nsyscall = "
        "\"ioctl\"\n"
        "where = { request = \"${r}\", kvm_irq_level = { level = \"${level}\" } }\n"
        "data = { kvm_irq_level = { status = \"${level}\" } }\n");
    CHECK(irq.syscall_faults[0].calls[0].more.size() == 1);
    CHECK(irq.syscall_faults[0].effect.writes.size() == 1);
    const std::string number =
        "[params]\nn = 1\n[[fault]]\nname = \"f\"\nprocess = \"probe\"\nsyscall = \"read\"\n"
        "nth = \"${n}\"\nlog = true\n";
    CHECK(mistakes_of(number, {{"n", "0"}}) ==
          Lines{"dir/x.toml:16:7: error: \"nth\" must be between 1 and 2147483647"});
    CHECK(mistakes_of(number, {{"n", "two"}}) ==
          Lines{"dir/x.toml:16:7: error: \"nth\" must be a whole number, not \"two\""});
    const std::string call =
        "[params]\nc = \"read\"\n[[fault]]\nname = \"f\"\nprocess = \"probe\"\nsyscall = \"${c}\"\n"
        "log = true\n";
    CHECK(mistakes_of(call, {{"c", "raed"}}) ==
          Lines{"dir/x.toml:15:11: error: unknown system call \"raed\"; did you mean \"read\"?"});
}

TEST_CASE("the filter in the kernel can answer by itself") {
    const auto fault = fault_with(
        "syscall = \"openat\"\nwhere = { flags = \"&O_CREAT\" }\nerrno = \"EROFS\"\nin_kernel = true");
    CHECK(fault.in_kernel);
    CHECK(fault.effect.answer == -EROFS);
}
