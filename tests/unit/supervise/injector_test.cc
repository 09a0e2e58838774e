#include "supervise/injector.h"

#include <catch.h>
#include <sys/syscall.h>

#include <cerrno>

using namespace rehang;

namespace {

class Nameless : public Caller {
  public:
    using Caller::Caller;
    std::string thread_name() const override { return {}; }
    bool holds(const CallCondition&) const override { return true; }
};

PlannedSyscallFault fault(std::string name = "f") {
    PlannedSyscallFault fault;
    fault.name = std::move(name);
    fault.process = {.root = "p", .forks = {}};
    fault.calls = {{.number = SYS_read, .arguments = {}, .more = {}}};
    fault.effect.answer = -EIO;
    return fault;
}

SystemCall reading() {
    SystemCall call;
    call.number = SYS_read;
    return call;
}

// Makes calls against a plan of only these faults.
struct Calls {
    explicit Calls(std::vector<PlannedSyscallFault> faults) : plan(with(std::move(faults))) {}
    static Plan with(std::vector<PlannedSyscallFault> faults) {
        Plan plan;
        plan.syscall_faults = std::move(faults);
        return plan;
    }
    std::vector<size_t> make(const char* process = "p", unsigned nth = 1,
                             const SystemCall& call = reading()) {
        const ProcessPath path = *ProcessPath::parse(process);
        return injector.decide(call, Nameless(path, nth, past_entry), director);
    }
    bool kernel_answers(const char* process = "p") const {
        return injector.kernel_answers(reading(), *ProcessPath::parse(process));
    }
    // Which of so many calls fire, as text: "..x".
    std::string series(int count, const char* process = "p", unsigned nth = 1) {
        std::string text;
        for (int i = 0; i < count; ++i) text += make(process, nth).empty() ? '.' : 'x';
        return text;
    }
    // The same for one call of each of these threads, one after the other.
    std::string series(const std::vector<std::pair<const char*, unsigned>>& callers) {
        std::string text;
        for (const auto& [process, nth] : callers) text += series(1, process, nth);
        return text;
    }
    Plan plan;
    bool past_entry = true;
    Injector injector{plan};
    Director director{plan};
};

}  // namespace

TEST_CASE("without an occurrence every call fires") {
    Calls calls({fault()});
    CHECK(calls.series(4) == "xxxx");
    CHECK(calls.injector.faults()[0].matched == 4);
    CHECK(calls.injector.faults()[0].fired == 4);
}

TEST_CASE("from, to, every and times choose calls by their number") {
    const auto series = [](auto change) {
        PlannedSyscallFault chosen = fault();
        change(chosen.occurrence);
        return Calls({chosen}).series(10);
    };
    CHECK(series([](FaultOccurrence& o) { o.from = o.to = 3; }) == "..x.......");
    CHECK(series([](FaultOccurrence& o) { o.from = 8; }) == ".......xxx");
    CHECK(series([](FaultOccurrence& o) { o.to = 2; }) == "xx........");
    CHECK(series([](FaultOccurrence& o) { o.from = 2, o.every = 3; }) == ".x..x..x..");
    CHECK(series([](FaultOccurrence& o) { o.from = 2, o.every = 3, o.to = 5; }) == ".x..x.....");
    CHECK(series([](FaultOccurrence& o) { o.every = 2, o.times = 3; }) == "x.x.x.....");
}

TEST_CASE("calls are numbered for each process, each thread, or all together") {
    const auto series = [](FaultOccurrence::Count per) {
        PlannedSyscallFault second = fault();
        second.occurrence.from = second.occurrence.to = 2;
        second.occurrence.per = per;
        Calls calls({second});
        return calls.series({{"p", 1}, {"p", 2}, {"p/1", 1}, {"p/1", 2}, {"p", 1}, {"p/1", 1}});
    };
    CHECK(series(FaultOccurrence::Count::process) == ".x.x..");
    CHECK(series(FaultOccurrence::Count::thread) == "....xx");
    CHECK(series(FaultOccurrence::Count::all) == ".x....");
}

TEST_CASE("a count goes on over an execve") {
    PlannedSyscallFault second = fault();
    second.occurrence.from = second.occurrence.to = 2;
    Calls calls({second});
    CHECK(calls.series({{"p@exec0", 1}, {"p@exec1", 1}}) == ".x");
}

TEST_CASE("a fault concerns its process and what descends from it, or one program only") {
    PlannedSyscallFault chosen = fault();
    chosen.process = *ProcessPath::parse("p/1");
    CHECK(Calls({chosen}).series(1, "p") == ".");
    CHECK(Calls({chosen}).series(1, "p/1@exec2") == "x");
    CHECK(Calls({chosen}).series(1, "p/1/3") == "x");
    chosen.below = false;
    CHECK(Calls({chosen}).series(1, "p/1") == "x");
    CHECK(Calls({chosen}).series(1, "p/1/3") == ".");
    chosen.process.exec = 1;
    CHECK(Calls({chosen}).series(1, "p/1@exec0") == ".");
    CHECK(Calls({chosen}).series(1, "p/1@exec1") == "x");
}

TEST_CASE("all fitting faults count a call, the first one that fires answers it, and logs are beside that") {
    PlannedSyscallFault first = fault("first"), second = fault("second"), log = fault("log");
    first.occurrence.from = first.occurrence.to = 2;
    second.occurrence.times = 2;
    log.effect = {};
    Calls calls({first, second, log});
    CHECK(calls.make() == std::vector<size_t>{2, 1});
    CHECK(calls.make() == std::vector<size_t>{2, 0});
    CHECK(calls.make() == std::vector<size_t>{2, 1});
    CHECK(calls.make() == std::vector<size_t>{2});
    CHECK(calls.injector.faults()[0].matched == 4);
    CHECK(calls.injector.faults()[1].fired == 2);
    CHECK(calls.injector.faults()[2].fired == 4);
}

TEST_CASE("one that changes what the kernel reads, or which call is made, is no log: the next fault waits") {
    PlannedSyscallFault changes = fault("changes");
    changes.effect = {};
    SECTION("before") {
        changes.effect.writes_before = {{.index = 0, .offset = 0, .bytes = "x"}};
    }
    SECTION("after") {
        changes.effect.writes_after = {{.index = 0, .offset = 0, .bytes = "x"}};
    }
    SECTION("instead") {
        changes.effect.instead = 0;
    }
    Calls calls({changes, fault("next")});
    CHECK(calls.make() == std::vector<size_t>{0});
}

TEST_CASE("a call that several selectors of a fault fit counts once") {
    PlannedSyscallFault twice = fault();
    twice.calls.push_back(twice.calls[0]);
    Calls calls({twice});
    CHECK(calls.make().size() == 1);
    CHECK(calls.injector.faults()[0].matched == 1);
}

TEST_CASE("a fault can wait for the program's entry") {
    PlannedSyscallFault late = fault();
    late.window.after_entry = true;
    late.occurrence.from = late.occurrence.to = 1;
    Calls calls({late});
    calls.past_entry = false;
    CHECK(calls.series(2) == "..");
    calls.past_entry = true;
    CHECK(calls.series(2) == "x.");
}

TEST_CASE("a probability picks about so many calls, the same ones for the same seed and place") {
    PlannedSyscallFault some = fault();
    some.occurrence.probability = 0.25;
    const auto series = [&](std::uint64_t seed, const char* process) {
        Calls calls({some});
        calls.plan.seed = seed;
        return calls.series(4000, process);
    };
    const std::string one = series(7, "p");
    CHECK(series(7, "p") == one);
    CHECK(series(8, "p") != one);
    CHECK(series(7, "p/1") != one);
    const auto picked = std::ranges::count(one, 'x');
    CHECK(picked > 800);  // of 1000 in the mean, more than 6 standard deviations away
    CHECK(picked < 1200);
}

TEST_CASE("the kernel answers a call where all faults that fit it are in the kernel") {
    PlannedSyscallFault in_kernel = fault(), elsewhere = fault(), of_another_descriptor = fault();
    in_kernel.in_kernel = true;
    elsewhere.process = {.root = "q", .forks = {}};
    of_another_descriptor.calls[0].arguments = {{.index = 0, .mask = ~0ULL, .value = 5}};
    CHECK(Calls({in_kernel}).kernel_answers());
    CHECK(Calls({in_kernel}).kernel_answers("p/1@exec2"));
    CHECK(Calls({in_kernel, elsewhere, of_another_descriptor}).kernel_answers());
    CHECK_FALSE(Calls({in_kernel}).kernel_answers("q"));
    CHECK_FALSE(Calls({in_kernel, fault("by the runner")}).kernel_answers());
    CHECK_FALSE(Calls({fault()}).kernel_answers());
    in_kernel.calls[0].arguments = of_another_descriptor.calls[0].arguments;
    CHECK_FALSE(Calls({in_kernel}).kernel_answers());
    CHECK_FALSE(Calls({}).kernel_answers());
}
