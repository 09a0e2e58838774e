// Wrong scenarios: the message, and where it points.
#include "catch.h"
#include "texts.h"

using namespace rehang;
using namespace rehang::test;

TEST_CASE("the version of the format comes first, and another one stops everything else") {
    CHECK(mistakes_of("format = 2\nnonsense = 1\n") ==
          Lines{"x.toml:1:10: error: unknown format of a scenario file\n"
                "    this version of rehang understands \"format = 1\""});
    CHECK(mistakes_of("format = \"1\"\n").size() == 1);
    const auto missing = mistakes_of(
        "[scenario]\nname = \"x\"\nsummary = \"y\"\n[expect]\noutcome = \"hung\"\n"
        "[[process]]\nname = \"p\"\nargv = [\"a\"]\n");
    CHECK(missing == Lines{"x.toml:1:1: error: the file must start with \"format = 1\"\n"
                           "    this version of rehang understands \"format = 1\""});
}

TEST_CASE("an empty scenario is told everything that it needs") {
    CHECK(mistakes_of("format = 1\n") == Lines{"x.toml:1:1: error: a scenario needs [[process]]",
                                               "x.toml:1:1: error: a scenario needs [expect]",
                                               "x.toml:1:1: error: a scenario needs [scenario]"});
    CHECK(mistakes_of("format = 1\n[scenario]\n[[process]]\n[expect]\n") ==
          Lines{"x.toml:2:1: error: [scenario] needs \"name\"",
                "x.toml:2:1: error: [scenario] needs \"summary\"",
                "x.toml:3:1: error: [[process]] needs \"argv\" or \"qmp\"",
                "x.toml:3:1: error: [[process]] needs \"name\"",
                "x.toml:4:1: error: [expect] needs \"outcome\""});
}

TEST_CASE("an unknown key comes with the nearest known one, which is not reported as missing too") {
    CHECK(mistakes_of("format = 1\n[scenaro]\nx = 1\n[scenario]\nname = \"x\"\nsumary = "
                      "\"y\"\n[expect]\noutcome = \"hung\"\n"
                      "[[process]]\nname = \"p\"\nargv = [\"a\"]\n") ==
          Lines{"x.toml:2:2: error: unknown key \"scenaro\"; did you mean \"scenario\"?",
                "x.toml:6:1: error: unknown key \"sumary\" in [scenario]; did you mean \"summary\"?"});
    CHECK(mistakes_with("[point.p]\nproces = \"probe\"\nentre = \"syscall:read\"\n") ==
          Lines{"x.toml:11:1: error: unknown key \"proces\" in [point.p]; did you mean \"process\"?",
                "x.toml:12:1: error: unknown key \"entre\" in [point.p]; did you mean \"enter\"?"});
    CHECK(mistakes_with("[sandbox]\nlimits = { pid = 3 }\n") ==
          Lines{"x.toml:11:12: error: unknown key \"pid\" in [sandbox.limits]; did you mean \"pids\"?"});
}

TEST_CASE("a value of the wrong type says what it must be and what it is") {
    CHECK(mistakes_of(scenario_with("argv = \"a\"\n")) ==
          Lines{"x.toml:9:8: error: \"argv\" must be a list of texts in quotes, not text"});
    CHECK(mistakes_of(scenario_with("argv = [\"a\", 1]\n")) ==
          Lines{"x.toml:9:14: error: \"argv\" must be text in quotes, not a whole number"});
    CHECK(mistakes_with("[sandbox]\nlimits = { memory = 4096 }\n") ==
          Lines{"x.toml:11:21: error: \"memory\" must be a size in quotes, such as \"16MiB\", not a whole "
                "number"});
    CHECK(mistakes_with("[point.p]\nprocess = \"probe\"\nborn = false\n") ==
          Lines{"x.toml:12:8: error: \"born\" can only be true; leave it out otherwise"});
    CHECK(
        mistakes_with("[hold]\nat = \"p\"\n") ==
        Lines{
            "x.toml:10:1: error: \"hold\" must be a list of tables, each written as [[hold]], not a table"});
    CHECK(mistakes_with("[params]\nx = 1.5\n") ==
          Lines{"x.toml:11:5: error: \"x\" must be text in quotes, not a fraction"});
    CHECK(mistakes_with("[params]\nx = 1979-05-27\n") ==
          Lines{"x.toml:11:5: error: \"x\" must be text in quotes, not a date"});
}

TEST_CASE("a point has exactly one event") {
    CHECK(mistakes_with("[point.p]\nprocess = \"probe\"\n") ==
          Lines{"x.toml:10:1: error: [point.p] needs \"enter\" or \"leave\" or \"born\" or \"exits\" or "
                "\"execs\" or \"signal\" or \"file\" or \"fork\" or \"prints\" or \"fault\""});
    CHECK(mistakes_with("[point.p]\nprocess = \"probe\"\nenter = \"syscall:read\"\nexits = true\n") ==
          Lines{"x.toml:13:1: error: [point.p] has \"enter\" already; only one of \"enter\", \"leave\", "
                "\"born\", \"exits\", \"execs\", \"signal\", \"file\", "
                "\"fork\", \"prints\", \"fault\" is possible"});
}

TEST_CASE("conditions on arguments are judged by the call's prototype") {
    const auto where = [](const std::string& rest, const std::string& event = "enter = \"syscall:openat\"") {
        return mistakes_with("[point.p]\nprocess = \"probe\"\n" + event + "\nwhere = " + rest + "\n");
    };
    CHECK(where("{ dfd = \"AT_FDCWD\", flags = \"&O_CREAT|O_EXCL\", mode = 0o644 }") == Lines{});
    CHECK(where("{ dfd = -100, arg1 = 0x10 }", "leave = \"syscall:openat\"") == Lines{});
    CHECK(where("{ arg0 = 3 }", "enter = \"syscall:io_uring_enter\"") == Lines{});
    CHECK(where("{ flag = 1 }") ==
          Lines{"x.toml:13:11: error: \"flag\" is no argument of openat; did you mean \"flags\"?\n"
                "    its arguments are dfd, filename, flags, mode; arg0 to arg5 work too"});
    CHECK(where("{ arg6 = 1 }").size() == 1);
    CHECK(
        where("{ flags = \"O_CRAET\" }") ==
        Lines{
            "x.toml:13:19: error: \"O_CRAET\" is no number and no constant that is known here; did you mean "
            "\"O_CREAT\"?"});
    CHECK(where("{ flags = 0x100000000 }") ==
          Lines{"x.toml:13:19: error: flags can't be 4294967296: it has 32 bits"});
    CHECK(where("{ flags = \"&O_RDONLY\" }") == Lines{"x.toml:13:19: error: \"&O_RDONLY\" names no bit"});
    CHECK(where("{ flags = 0, arg2 = 0 }") ==
          Lines{"x.toml:13:22: error: \"flags\" and \"arg2\" are the same argument of openat"});
    CHECK(where("{ fd = 1 }", "enter = \"libc.so.6!write\"") ==
          Lines{"x.toml:13:11: error: only points at system calls have arguments to compare\n"
                "    write enter = \"syscall:NAME\" or leave = \"syscall:NAME\" with it"});
}

TEST_CASE("a file to wait for has an absolute path") {
    const auto file = [](const std::string& path) {
        return mistakes_with("[point.p]\nprocess = \"probe\"\nfile = \"" + path + "\"\n");
    };
    CHECK(file("/tmp/ready") == Lines{});
    CHECK(file("/tmp/.hidden..x") == Lines{});
    for (const char* path : {"ready", "/tmp/../x", "/tmp/", "/", "/tmp/.."}) CHECK(file(path).size() == 1);
}

TEST_CASE("signals and executions that no thread can pass are refused") {
    const auto point = [](const std::string& rest) {
        return mistakes_with("[point.p]\nprocess = \"probe\"\n" + rest);
    };
    CHECK(point("signal = \"SIGUSR1\"\nthread = \"!main\"\nnth = 2\n") == Lines{});
    CHECK(point("signal = \"SIGURS1\"\n") ==
          Lines{"x.toml:12:10: error: unknown signal \"SIGURS1\"; did you mean \"SIGUSR1\"?"});
    CHECK(point("signal = \"SIGKILL\"\n") ==
          Lines{"x.toml:12:10: error: nobody sees SIGKILL coming, so no thread can pass this point\n"
                "    a thread that ends passes `exits = true`, even if it is killed"});
    CHECK(point("execs = true\nnth = 2\n") == Lines{});
    CHECK(point("execs = \"*/sh\"\nthread = \"any\"\n") == Lines{});
    CHECK(point("execs = 1\n") ==
          Lines{"x.toml:12:9: error: \"execs\" must be true, or text in quotes, not a whole number"});
    CHECK(
        point("execs = true\nthread = \"!main\"\n") ==
        Lines{"x.toml:13:10: error: no thread but main passes this point: execve ends all others, and makes "
              "the one that called it main"});
}

TEST_CASE("events are spelled MODULE!SYMBOL or syscall:NAME") {
    const auto enter = [](const std::string& value) {
        return mistakes_with("[point.p]\nprocess = \"probe\"\nenter = \"" + value + "\"\n");
    };
    CHECK(enter("libc.so.6!fork") == Lines{});
    CHECK(enter("/usr/lib/libc.so.6!fork") == Lines{});
    CHECK(enter("syscall:raed") ==
          Lines{"x.toml:12:9: error: unknown system call \"raed\"; did you mean \"read\"?"});
    CHECK(enter("syscal:read") == Lines{"x.toml:12:9: error: \"syscal:read\" does not say what is entered; "
                                        "did you mean \"syscall:read\"?"});
    CHECK(enter("read") ==
          Lines{"x.toml:12:9: error: \"read\" does not say whose; write \"syscall:read\" for the system "
                "call, \"MODULE!read\" for a function"});
    CHECK(enter("std::sort") ==
          Lines{"x.toml:12:9: error: \"std::sort\" is neither \"MODULE!SYMBOL\" nor \"syscall:NAME\""});
    CHECK(enter("!fork") == Lines{"x.toml:12:9: error: \"!fork\" names no module before the \"!\""});
    CHECK(enter("libc.so.6!") ==
          Lines{"x.toml:12:9: error: \"libc.so.6!\" names no function after the \"!\""});
    CHECK(enter("guest:libc.so.6!fork") == Lines{});
    CHECK(enter("gest:libc.so.6!fork").size() <= 1);
    CHECK(enter("guest:fork") == Lines{"x.toml:12:9: error: \"guest:fork\" is not \"guest:MODULE!SYMBOL\""});
    CHECK(
        enter("guest:x.so!a.c:12") ==
        Lines{
            "x.toml:12:9: error: \"guest:x.so!a.c:12\" is a line: in a guest only calls of functions can be "
            "seen, \"guest:MODULE!SYMBOL\""});
    CHECK(
        enter("guest:x.so+0x10") ==
        Lines{
            "x.toml:12:9: error: \"guest:x.so+0x10\" is an offset: in a guest only calls of functions can be "
            "seen, \"guest:MODULE!SYMBOL\""});
    CHECK(enter("guest:syscall:read") == Lines{"x.toml:12:9: error: a guest's system calls are those that "
                                               "qemu-user makes for it: write \"syscall:read\""});
    CHECK(enter("a.c:12") == Lines{});
    CHECK(enter("libx.so.1!src/a.cc:12") == Lines{});
    CHECK(enter("libstdc++.so.6+0x1f0") == Lines{});
    CHECK(enter("libc.so.6!operator+") == Lines{});
    CHECK(enter("a.c:0").size() == 1);
    CHECK(enter("libc.so.6+0xfg").size() == 1);
    CHECK(enter("+0x10").size() == 1);
    const auto leave = [](const std::string& value) {
        return mistakes_with("[point.p]\nprocess = \"probe\"\nleave = \"" + value + "\"\n");
    };
    CHECK(leave("libc.so.6!fork") == Lines{});
    CHECK(leave("syscall:read") == Lines{});
    CHECK(leave("a.c:12") == Lines{"x.toml:12:9: error: \"a.c:12\" is a line, which nobody leaves: name the "
                                   "function, \"MODULE!SYMBOL\""});
}

TEST_CASE("what is printed has a pattern, a stream, and nobody who stands there") {
    const auto prints = [](const std::string& rest, const std::string& process = "probe") {
        return mistakes_with("[point.p]\nprocess = \"" + process + "\"\n" + rest + "\n");
    };
    CHECK(prints("prints = '^ready (\\d+)$'\nstream = \"stderr\"\nnth = 2") == Lines{});
    CHECK(prints("prints = \"(\"").size() == 1);
    CHECK(prints("prints = \"a\"\nstream = \"stdotu\"") ==
          Lines{"x.toml:13:10: error: unknown stream \"stdotu\"; did you mean \"stdout\"?\n"
                "    known are: stdout, stderr"});
    CHECK(prints("prints = \"a\"\nthread = \"main\"").size() == 1);
    CHECK(prints("prints = \"a\"", "probe/1") ==
          Lines{"x.toml:11:11: error: probe/1 has no stream of its own: it writes to probe's\n"
                "    write process = \"probe\", or use a point at syscall:write"});
    CHECK(prints("exits = true\nstream = \"stdout\"").size() == 1);
    const std::string two =
        "prints = \"a\"\n[point.q]\nprocess = \"probe\"\nenter = \"syscall:read\"\n[[hold]]\n";
    CHECK(prints(two + "at = \"q\"\nuntil = \"p\"") == Lines{});
    CHECK(prints(two + "at = \"p\"\nuntil = \"q\"") ==
          Lines{"x.toml:17:6: error: nobody can be held at \"p\": what is printed is seen when it has been "
                "written\n"
                "    hold at enter = \"syscall:write\" with where = { fd = 1 }; \"until\" may be a point "
                "that prints"});
}

TEST_CASE("the order after a fork names a child and who comes first") {
    const auto order = [](const std::string& rest) { return mistakes_with("[fork_order]\n" + rest + "\n"); };
    CHECK(order("\"probe/1\" = \"child-first\"\n\"probe/2\" = \"parent-first\"") == Lines{});
    CHECK(order("\"probe/1\" = \"chld-first\"") ==
          Lines{"x.toml:11:13: error: unknown order \"chld-first\"; did you mean \"child-first\"?\n"
                "    write \"parent-first\" or \"child-first\""});
    CHECK(order("\"probe\" = \"child-first\"") == Lines{"x.toml:11:1: error: no fork makes probe: the runner "
                                                        "starts it\n    name the child: \"probe/1\""});
    CHECK(order("\"prbe/1\" = \"child-first\"") ==
          Lines{"x.toml:11:1: error: there is no process \"prbe\"; did you mean \"probe\"?"});
    const auto point = [](const std::string& rest) {
        return mistakes_with("[point.p]\nprocess = \"probe/1\"\n" + rest + "\n");
    };
    CHECK(point("fork.parent = true") == Lines{});
    CHECK(point("fork.child = true") == Lines{});
    CHECK(point("fork.parent = true\nfork.child = true").size() == 1);
    CHECK(point("fork = {}").size() == 1);
    CHECK(point("fork.parent = true\nnth = 2").size() == 1);
}

TEST_CASE("processes and threads") {
    CHECK(mistakes_with("[point.p]\nprocess = \"porbe/1\"\nborn = true\n") ==
          Lines{"x.toml:11:11: error: there is no process \"porbe\"; did you mean \"probe\"?"});
    CHECK(mistakes_with("[[expect.process]]\nprocess = \"prob\"\nstate = \"zombi\"\n") ==
          Lines{"x.toml:11:11: error: there is no process \"prob\"; did you mean \"probe\"?",
                "x.toml:12:9: error: unknown state \"zombi\"; did you mean \"zombie\"?\n"
                "    known are: zombie, running, gone"});
    for (const char* path : {"probe/0", "probe/", "probe/x", "probe//1", "/1", "probe/99999999999"}) {
        INFO(path);
        const auto lines = mistakes_with("[point.p]\nprocess = \"" + std::string(path) + "\"\nborn = true\n");
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].starts_with("x.toml:11:11: error: \"" + std::string(path) +
                                   "\" is no place in a fork tree"));
    }
    const auto thread = [](const std::string& value) {
        return mistakes_with("[point.p]\nprocess = \"probe\"\nthread = \"" + value + "\"\nborn = true\n");
    };
    for (const char* right : {"main", "!main", "any", "name:worker", "nth:3"})
        CHECK(thread(right) == Lines{});
    CHECK(thread("maim") == Lines{"x.toml:12:10: error: \"maim\" selects no thread; did you mean \"main\"?\n"
                                  "    write \"main\", \"!main\", \"any\", \"name:COMM\" or \"nth:N\""});
    CHECK(thread("name:0123456789abcdef") == Lines{"x.toml:12:10: error: no thread can have the name "
                                                   "\"0123456789abcdef\": the kernel keeps 15 bytes"});
}

TEST_CASE("a thread is born once and exits once, but threads are born again and again") {
    CHECK(mistakes_with("[point.p]\nprocess = \"probe/1\"\nborn = true\nnth = 2\n") ==
          Lines{"x.toml:13:7: error: this can't happen 2 times: a thread is born once and exits once, "
                "and one fork makes a process"});
    CHECK(mistakes_with("[point.p]\nprocess = \"probe/1\"\nthread = \"!main\"\nborn = true\nnth = 2\n") ==
          Lines{});
    CHECK(mistakes_with("[point.p]\nprocess = \"probe\"\nborn = true\nnth = 0\n") ==
          Lines{"x.toml:13:7: error: \"nth\" must be between 1 and 2147483647"});
}

TEST_CASE("names that are defined twice or not at all") {
    CHECK(mistakes_with("[[process]]\nname = \"probe\"\nargv = [\"b\"]\n") ==
          Lines{"x.toml:11:8: error: there is a process \"probe\" already, in line 8"});
    CHECK(mistakes_with("[point.second_fork]\nprocess = \"probe\"\nenter = \"syscall:read\"\n"
                        "[[hold]]\nat = \"second_frok\"\nuntil = \"nothing-like-it\"\n") ==
          Lines{"x.toml:14:6: error: there is no point \"second_frok\"; did you mean \"second_fork\"?",
                "x.toml:15:9: error: there is no point \"nothing-like-it\""});
    CHECK(mistakes_with("[[fault]]\nname = \"f\"\nprocess = \"probe\"\nfunction = \"l!s\"\nreturn = 0\n"
                        "[[fault]]\nname = \"f\"\nprocess = \"probe\"\nfunction = \"l!t\"\nreturn = 0\n") ==
          Lines{"x.toml:16:8: error: there is a hold, fault or fake \"f\" already, in line 11"});
    CHECK(mistakes_with(
              "[[fault]]\nname = \"no-handlers\"\nprocess = \"probe\"\nfunction = \"l!s\"\nreturn = 0\n"
              "[control]\ndrop = [\"no-handler\"]\nset = { x = 1 }\noutcome = \"exited\"\n") ==
          Lines{"x.toml:16:9: error: there is no hold, fault or fake \"no-handler\"; did you mean "
                "\"no-handlers\"?",
                "x.toml:17:9: error: there is no parameter \"x\""});
}

TEST_CASE("names keep to their letters") {
    CHECK(mistakes_with("[[process]]\nname = \"Probe 2\"\nargv = [\"b\"]\n") ==
          Lines{"x.toml:11:8: error: \"Probe 2\" is no name for a process\n"
                "    use only small letters, digits, \"_\" and \"-\""});
    CHECK(mistakes_with("[point.\"a b\"]\nprocess = \"probe\"\nborn = true\n") ==
          Lines{"x.toml:10:8: error: \"a b\" is no name for a point\n    use only letters, digits, \"_\" and "
                "\"-\""});
}

TEST_CASE("parameters: unknown, built-in, and only built-in ones inside their values") {
    CHECK(mistakes_of(scenario_with("argv = [\"${tragets}/a\"]\n")) ==
          Lines{"x.toml:9:9: error: there is no parameter \"tragets\"; did you mean \"targets\"?"});
    CHECK(mistakes_of(scenario_with("argv = [\"${targets\"]\n")) ==
          Lines{"x.toml:9:9: error: \"${targets\" is no reference to a parameter\n"
                "    write ${name}, and $${ where \"${\" itself is meant"});
    CHECK(mistakes_of(scenario_with("argv = [\"$${targets\"]\n")) == Lines{});
    CHECK(mistakes_with("[params]\ntargets = \"x\"\n") ==
          Lines{"x.toml:11:1: error: the parameter \"targets\" is built in"});
    CHECK(mistakes_with("[params]\na = \"x\"\nb = \"${a}\"\nc = \"${scenario_dir}/x\"\n") ==
          Lines{"x.toml:12:5: error: there is no built-in parameter \"a\""});
    CHECK(mistakes_with("[params]\nlib = \"x\"\n[matrix]\nlbi = [\"y\"]\n") ==
          Lines{"x.toml:13:1: error: there is no parameter \"lbi\"; did you mean \"lib\"?"});
    CHECK(mistakes_with("[params]\nlib = \"x\"\n[matrix]\nlib = []\n") ==
          Lines{"x.toml:13:7: error: \"lib\" must not be empty"});
}

TEST_CASE("an expectation for some parameters names them, and is one") {
    const std::string params = "[params]\nlib = \"x\"\n[[expect.for]]\n";
    CHECK(mistakes_with(params + "params = { lib = \"y*\" }\noutcome = \"exited\"\n") == Lines{});
    CHECK(mistakes_with(params + "outcome = \"exited\"\n") ==
          Lines{"x.toml:12:1: error: [[expect.for]] needs \"params\""});
    CHECK(mistakes_with(params + "params = { lbi = \"y\" }\noutcome = \"exited\"\n") ==
          Lines{"x.toml:13:12: error: there is no parameter \"lbi\"; did you mean \"lib\"?"});
    CHECK(mistakes_with(params + "params = {}\noutcome = \"exited\"\n") ==
          Lines{"x.toml:13:10: error: \"params\" must not be empty"});
    CHECK(mistakes_with(params + "params = { lib = [] }\noutcome = \"exited\"\n") ==
          Lines{"x.toml:13:18: error: \"lib\" must not be empty"});
    CHECK(mistakes_with(params + "params = { lib = \"y\" }\noutcome = \"exited\"\ncause = \"spin\"\n") ==
          Lines{"x.toml:15:9: error: only a hang has a cause, and the outcome expected is \"exited\""});
    CHECK(mistakes_with(params + "params = { lib = \"y\" }\noutcome = \"exited\"\nstdout = [\"${lbi}\"]\n") ==
          Lines{"x.toml:15:11: error: there is no parameter \"lbi\"; did you mean \"lib\"?"});
}

TEST_CASE("a matrix that would run for ever is refused") {
    std::string params = "[params]\n", matrix = "[matrix]\n";
    for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}) {
        params += std::string(name) + " = 1\n";
        matrix += std::string(name) + " = [1, 2]\n";
    }
    CHECK(mistakes_with(params + matrix) ==
          Lines{"x.toml:30:1: error: the matrix has more than 256 combinations"});
}

TEST_CASE("words of the vocabulary") {
    CHECK(
        mistakes_of("format = 1\n[scenario]\nname = \"x\"\nsummary = \"y\"\n[[process]]\nname = \"p\"\nargv "
                    "= [\"a\"]\n"
                    "[expect]\noutcome = \"hang\"\ncause = \"inherited-lok\"\nsignal = \"SIGABORT\"\n"
                    "[[expect.thread]]\nprocess = \"p\"\nwaits = \"futx\"\n") ==
        Lines{"x.toml:9:11: error: unknown outcome \"hang\"; did you mean \"hung\"?\n"
              "    known are: exited, signaled, hung, timeout, unmet, unsupported",
              "x.toml:10:9: error: unknown cause \"inherited-lok\"; did you mean \"inherited-lock\"?\n"
              "    known are: inherited-lock, lock-cycle, held-pipe, lost-thread, lost-wakeup, spin, unknown",
              "x.toml:11:10: error: unknown signal \"SIGABORT\"; did you mean \"SIGABRT\"?",
              "x.toml:14:9: error: unknown waits \"futx\"; did you mean \"futex\"?\n"
              "    known are: running, pipe-read, pipe-write, fifo-open, socket-read, socket-write, accept, "
              "connect, eventfd, futex, child, file-lock, semaphore, message-queue, poll, vfork, signal, "
              "timer, held, stopped, spin, exited, "
              "unknown"});
    CHECK(mistakes_of("format = 1\n[scenario]\nname = \"x\"\nsummary = \"y\"\n[[process]]\nname = "
                      "\"p\"\nargv = [\"a\"]\n"
                      "[expect]\noutcome = \"exited\"\ncause = \"spin\"\n") ==
          Lines{"x.toml:10:9: error: only a hang has a cause, and the outcome expected is \"exited\""});
}

TEST_CASE("a fake needs a device and a model, and has no other keys than it should") {
    CHECK(mistakes_with("[[fake]]\ndevice = \"/dev/kvm\"\nmodel = \"kvm-x86\"\nprocess = \"probe\"\n"
                        "name = \"kvm\"\nwith = { open = \"EACCES\", n = 1 }\nstrict = true\n") == Lines{});
    CHECK(mistakes_with("[[fake]]\ndevice = \"/dev/kvm\"\nmodle = \"kvm-x86\"\n") ==
          Lines{"x.toml:12:1: error: unknown key \"modle\" in [[fake]]; did you mean \"model\"?"});
    CHECK(mistakes_with("[[fake]]\nmodel = \"kvm-x86\"\nstrict = 1\n") ==
          Lines{"x.toml:10:1: error: [[fake]] needs \"device\"",
                "x.toml:12:10: error: \"strict\" must be true or false, not a whole number"});
}

TEST_CASE("a fake is at an absolute path, in a process that exists") {
    const std::string end = "model = \"kvm-x86\"\n";
    const std::string hint =
        "\n    write an absolute path, without \".\", \"..\" and a slash at its end: \"/dev/kvm\"";
    for (const std::string path : {"dev/kvm", "/dev/../kvm", "/dev/kvm/", "/dev//kvm"})
        CHECK(mistakes_with("[[fake]]\ndevice = \"" + path + "\"\n" + end) ==
              Lines{"x.toml:11:10: error: \"" + path + "\" is no path of a device" + hint});
    CHECK(mistakes_with("[[fake]]\ndevice = \"/dev/kvm\"\nprocess = \"prob\"\n" + end) ==
          Lines{"x.toml:12:11: error: there is no process \"prob\"; did you mean \"probe\"?"});
}

TEST_CASE("a function fault needs its function and its answer") {
    CHECK(mistakes_with("[[fault]]\nname = \"f\"\nprocess = \"probe\"\nfuncton = \"l!s\"\n") ==
          Lines{"x.toml:10:1: error: [[fault]] needs \"return\"",
                "x.toml:13:1: error: unknown key \"functon\" in [[fault]]; did you mean \"function\"?"});
    CHECK(mistakes_with(
              "[[fault]]\nname = \"f\"\nprocess = \"probe\"\nfunction = \"syscall:read\"\nreturn = 0\n") ==
          Lines{"x.toml:13:12: error: \"syscall:read\" is not \"MODULE!SYMBOL\""});
}

TEST_CASE("files of the sandbox: content, mode and path") {
    CHECK(mistakes_with("[[sandbox.file]]\npath = \"/a\"\ntext = \"\"\nmode = 0o755\n[[sandbox.file]]\n"
                        "path = \"/b\"\nappend = \"x\"\n")
              .empty());
    CHECK(mistakes_with("[[sandbox.file]]\ntext = \"x\"\n") ==
          Lines{"x.toml:10:1: error: [[sandbox.file]] needs \"path\""});
    CHECK(mistakes_with("[[sandbox.file]]\npath = \"/a\"\n") ==
          Lines{"x.toml:10:1: error: [[sandbox.file]] needs \"text\" or \"append\""});
    CHECK(mistakes_with("[[sandbox.file]]\npath = \"/a\"\ntext = \"x\"\nappend = \"y\"\n") ==
          Lines{"x.toml:13:1: error: [[sandbox.file]] has \"text\" already; only one of \"text\", \"append\" "
                "is possible"});
    CHECK(mistakes_with("[[sandbox.file]]\npath = \"/a\"\ntext = \"x\"\nmode = 755\n") ==
          Lines{"x.toml:13:8: error: 755 is no mode of a file\n    write it in octal: 0o755"});
    CHECK(
        mistakes_with("[[sandbox.file]]\npath = \"a\"\ntext = \"x\"\n[[sandbox.file]]\n"
                      "path = \"/a/../b\"\ntext = \"x\"\n[[sandbox.file]]\npath = \"/a/\"\ntext = \"x\"\n") ==
        Lines{"x.toml:11:8: error: \"a\" is no path of a file\n    write an absolute path, without \"..\"",
              "x.toml:14:8: error: \"/a/../b\" is no path of a file\n"
              "    write an absolute path, without \"..\"",
              "x.toml:17:8: error: \"/a/\" is no path of a file\n"
              "    write an absolute path, without \"..\""});
}

TEST_CASE("files of the sandbox: two at one place, one in another, one where a folder is") {
    CHECK(mistakes_with("[[sandbox.file]]\npath = \"/a\"\ntext = \"x\"\n[[sandbox.file]]\n"
                        "path = \"//a\"\ntext = \"x\"\n") ==
          Lines{"x.toml:14:8: error: there is a file /a already, in line 11"});
    CHECK(mistakes_with("[[sandbox.file]]\npath = \"/a\"\ntext = \"x\"\n[[sandbox.file]]\n"
                        "path = \"/a/b\"\ntext = \"x\"\n") ==
          Lines{"x.toml:11:8: error: /a/b (line 14) lies below this file"});
    CHECK(mistakes_with("[sandbox]\nprivate = [\"/srv/x\"]\n[[sandbox.file]]\npath = \"/srv\"\n"
                        "text = \"x\"\n[[sandbox.file]]\npath = \"/tmp\"\ntext = \"x\"\n") ==
          Lines{"x.toml:13:8: error: /srv can't be a file: /srv/x is a private folder",
                "x.toml:16:8: error: /tmp can't be a file: /tmp is a private folder"});
}

TEST_CASE("folders, needs, durations and sizes") {
    CHECK(mistakes_with("[sandbox]\nprivate = [\"var\", \"/\", \"/a/../b\", \"/fine\"]\n") ==
          Lines{"x.toml:11:12: error: \"var\" can't be a private folder\n    write an absolute path below "
                "\"/\", without \"..\"",
                "x.toml:11:19: error: \"/\" can't be a private folder\n    write an absolute path below "
                "\"/\", without \"..\"",
                "x.toml:11:24: error: \"/a/../b\" can't be a private folder\n"
                "    write an absolute path below \"/\", without \"..\""});
    CHECK(mistakes_of(scenario_with("argv = [\"a\"]\ncwd = \"here\"\n")) ==
          Lines{"x.toml:10:7: error: \"here\" is no absolute path"});
    CHECK(
        mistakes_with("[sandbox]\nlimits = { output = \"0MiB\" }\n") ==
        Lines{"x.toml:11:21: error: \"0MiB\" is no size\n"
              "    write a number above 0 and its unit: \"2GiB\", \"16MiB\", \"64KiB\", or bytes: \"4096\""});
    CHECK(
        mistakes_of("format = 1\n[scenario]\nname = \"x\"\nsummary = \"y\"\ntimeout = \"0s\"\nneeds = "
                    "[\"fle:x\", \"gdb\", \"root:arm\"]\n"
                    "[[process]]\nname = \"p\"\nargv = [\"a\"]\n[expect]\noutcome = \"exited\"\n") ==
        Lines{
            "x.toml:5:11: error: \"0s\" is no duration\n"
            "    write a number above 0, at most a day, and its unit: \"250ms\", \"3s\", \"1.5s\", \"2min\"",
            "x.toml:6:10: error: unknown kind of need \"fle\"; did you mean \"file\"?\n"
            "    known are: \"file:LIBRARY-OR-PATH\", \"program:NAME\", \"root:arm64\"",
            "x.toml:6:19: error: \"gdb\" is no need\n    write \"file:LIBRARY-OR-PATH\", "
            "\"program:NAME\" or \"root:arm64\"",
            "x.toml:6:26: error: unknown root \"arm\"\n    known is: \"root:arm64\""});
}

TEST_CASE("a control changes something") {
    CHECK(mistakes_with("[control]\noutcome = \"exited\"\n") ==
          Lines{"x.toml:10:1: error: [control] needs \"drop\" or \"set\""});
}

TEST_CASE("a NUL character can't be given to a program") {
    CHECK(mistakes_of(scenario_with("argv = [\"a\\u0000b\"]\n")) ==
          Lines{"x.toml:9:9: error: \"argv\" has a NUL character, which no program can be given"});
}

TEST_CASE("hundreds of mistakes are cut after the first hundred, and tables after 256") {
    std::string keys;
    for (int i = 0; i < 150; ++i) keys += "key-number-" + std::to_string(i) + " = 1\n";
    const auto lines = mistakes_with("[sandbox]\n" + keys);
    REQUIRE(lines.size() == 101);
    CHECK(lines.back() == "x.toml:110:1: error: 50 more mistakes after this one are not shown");
    std::string points;
    for (int i = 0; i < 300; ++i)
        points += "[point.p" + std::to_string(i) + "]\nprocess = \"probe\"\nenter = \"syscall:read\"\n";
    CHECK(mistakes_with(points) == Lines{"x.toml:778:8: error: more than 256 [point.NAME]"});
}

TEST_CASE("a program of a process is written at the end of its place, and is not born") {
    CHECK(mistakes_with("[point.p]\nprocess = \"probe@2\"\nexits = true\n") ==
          Lines{"x.toml:11:11: error: \"probe@2\" is no place in a fork tree\n"
                "    \"@execN\" stands at the end: \"probe/1@exec2\" is probe/1 from its second execve to "
                "its third"});
    CHECK(mistakes_with("[point.p]\nprocess = \"probe/1@exec1\"\nborn = true\n") ==
          Lines{"x.toml:11:11: error: probe/1 is born before its first execve\n"
                "    leave \"@execN\" away, or name an event of the program"});
    CHECK(mistakes_with("[point.p]\nprocess = \"probe/1@exec0\"\nborn = true\n").empty());
    CHECK(mistakes_with("[point.p]\nprocess = \"probe@exec1\"\nthread = \"!main\"\nborn = true\n").empty());
}

TEST_CASE("functions of a guest can only be entered") {
    CHECK(mistakes_with("[point.p]\nprocess = \"probe\"\nleave = \"guest:x.so!f\"\n") ==
          Lines{"x.toml:12:9: error: nobody sees a function of a guest being left: only enter = "
                "\"guest:x.so!f\" can be a point"});
    CHECK(mistakes_with("[[fault]]\nname = \"f\"\nprocess = \"probe\"\nfunction = \"guest:x.so!f\"\n"
                        "return = 0\n") ==
          Lines{"x.toml:13:12: error: \"guest:x.so!f\" is a function of a guest, whose code qemu-user "
                "translates: it can't be replaced"});
}

TEST_CASE("what an order that is impossible means") {
    const std::string hold =
        "[point.a]\nprocess = \"probe\"\nenter = \"syscall:read\"\n[point.b]\nprocess = \"probe/1\"\n"
        "born = true\n[[hold]]\nat = \"a\"\nuntil = \"b\"\n";
    CHECK(mistakes_with(hold + "if_impossible = \"go-on\"\n") == Lines{});
    CHECK(mistakes_with(hold + "if_impossible = \"go_on\"\n") ==
          Lines{"x.toml:19:17: error: unknown if_impossible \"go_on\"; did you mean \"go-on\"?\n"
                "    known are: unmet, go-on"});
    const std::string control = "[control]\ndrop = [\"a\"]\noutcome = \"exited\"\n";
    CHECK(mistakes_with(hold + control + "impossible = [\"a\"]\n") == Lines{});
    CHECK(mistakes_with(hold + control + "impossible = [\"ab\"]\n") ==
          Lines{"x.toml:22:15: error: there is no hold \"ab\"; did you mean \"a\"?"});
}
