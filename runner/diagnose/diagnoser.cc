#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "diagnose/causes.h"
#include "diagnose/collect.h"
#include "diagnose/diagnosis.h"
#include "diagnose/futex_object.h"
#include "diagnose/picture.h"
#include "diagnose/restlessness.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/waits.h"

namespace rehang {
namespace {

// What must be the same in two looks for one stuck thread.
struct StuckThread {
    pid_t tid = 0;
    long syscall = -1;
    std::array<std::uint64_t, 6> args{};
    std::uint64_t sp = 0, pc = 0;
    std::uint32_t word = 0;
    RunCount run_count;  // of one that asks again and again: left out, it runs a little each time
    bool operator==(const StuckThread&) const = default;
};

struct Suspicion {
    Diagnoser::Answer answer = Diagnoser::Answer::moving;
    std::vector<StuckThread> threads;
    bool operator==(const Suspicion&) const = default;
};

std::vector<StuckThread> stuck_threads(const Snapshot& snapshot, const WaitGraph& graph) {
    std::vector<StuckThread> stuck;
    for (const ThreadWait& waiting : graph.threads) {
        if (!waiting.stuck) continue;
        const ThreadSnapshot& thread = *find_thread(snapshot, waiting.tid);
        stuck.push_back({.tid = thread.tid,
                         .syscall = thread.syscall,
                         .args = thread.args,
                         .sp = thread.sp,
                         .pc = thread.pc,
                         .word = waiting.wait.word,
                         .run_count = waiting.wait.retried ? RunCount() : thread.run_count});
    }
    return stuck;
}

// All that are left of the main processes can't go on; or, if holds last, nobody at all can, so that no point
// will be reached.
Suspicion suspect(const Snapshot& snapshot, const std::vector<ThreadWait>& waits, const WaitGraph& graph,
                  const Scope& scope) {
    const auto main = main_threads(snapshot, scope);
    if (main.empty()) return {};
    if (scope.world == World::machine) {
        auto threads = stuck_threads(snapshot, graph);
        return threads.empty() ? Suspicion()
                               : Suspicion{.answer = Diagnoser::Answer::stuck, .threads = std::move(threads)};
    }
    if (graph.all_stuck(main))
        return {.answer = Diagnoser::Answer::stuck, .threads = stuck_threads(snapshot, graph)};
    const WaitGraph if_holds_last = build_graph(snapshot, waits, {.holds_last = true});
    if (if_holds_last.all_stuck(living_threads(snapshot)))
        return {.answer = Diagnoser::Answer::order_stuck, .threads = stuck_threads(snapshot, if_holds_last)};
    return {};
}

std::vector<std::string> doubts_about(const Snapshot& snapshot, const WaitGraph& graph) {
    std::vector<std::string> not_understood, others;
    for (const ThreadWait& thread : graph.threads) {
        if (thread.stuck || thread.wait.kind == WaitKind::exited) continue;
        if (find_process(snapshot, thread.pid)->outside) continue;
        auto& doubts = thread.wait.by_outside ? not_understood : others;
        doubts.push_back(fmt::format("{}: {}", label_of(snapshot, thread.tid), thread.may_go_on));
    }
    std::ranges::move(others, std::back_inserter(not_understood));
    return not_understood;
}

// The stack of a thread that ran meanwhile is not the one that its stack pointer belonged to.
void cut_at_nonsense(std::vector<elf::Frame>& stack) {
    const auto nowhere = std::ranges::find_if(stack, [](const elf::Frame& f) { return f.module.empty(); });
    stack.erase(nowhere, stack.end());
}

void name_spinning_function(const Evidence& evidence, ThreadWait& thread) {
    const auto stack = evidence.stacks.find(thread.tid);
    if (stack == evidence.stacks.end() || stack->second.empty()) return;
    const elf::Frame& innermost = stack->second.front();
    if (!innermost.symbol.empty())
        name_function(thread.wait, fmt::format("{}!{}", innermost.module, innermost.symbol));
}

// A thread that was seen step by step stands where it was seen last.
elf::Registers known_registers(const ThreadSnapshot& thread) {
    if (!thread.spin || !thread.spin->endless) return {.pc = thread.pc, .sp = thread.sp};
    const auto& general = thread.spin->state.general;
    return {.pc = thread.spin->state.pc,
            .sp = general[spin::rsp],
            .bp = general[spin::rbp],
            .bx = general[3],
            .r12 = general[12],
            .r13 = general[13],
            .r14 = general[14],
            .r15 = general[15],
            .complete = true};
}

// Says what kind of object each futex belongs to, and puts the symbols' names in the place of bare addresses.
void name_locations(const Evidence& evidence, WaitGraph& graph) {
    for (ThreadWait& thread : graph.threads) {
        if (thread.wait.kind == WaitKind::spin) name_spinning_function(evidence, thread);
        const bool at_address = thread.wait.kind == WaitKind::futex || thread.wait.kind == WaitKind::spin;
        if (!at_address || thread.wait.address == 0) continue;
        const ProcessSnapshot& process = *find_process(evidence.snapshot, thread.pid);
        const auto stack = evidence.stacks.find(thread.tid);
        if (thread.wait.kind == WaitKind::futex && stack != evidence.stacks.end())
            recognise_object(evidence.snapshot, process, thread.wait, stack->second);
        rename_location(thread.wait, place_of(evidence, process, thread.wait.address));
    }
}

}  // namespace

struct Diagnoser::Impl {
    elf::Files& files;
    Collector collector;
    Snapshot snapshot;  // of the last look
    Suspicion suspicion;
    Answer answer = Answer::moving;  // of the last look
    std::vector<std::string> doubts;
    Restlessness restlessness;

    explicit Impl(elf::Files& symbol_files) : files(symbol_files), collector(symbol_files) {}
    Snapshot collect_patiently(const Scope& scope);
    void unwind_all(Evidence& evidence);
};

// A thread that wakes up every millisecond to ask again may do so just now; the next moment it sleeps for
// long enough.
Snapshot Diagnoser::Impl::collect_patiently(const Scope& scope) {
    using Clock = std::chrono::steady_clock;
    const auto patience = Clock::now() + std::chrono::milliseconds(2);
    Snapshot collected = collector.collect(scope);
    while (!collected.consistent && collected.detailed && Clock::now() < patience)
        collected = collector.collect(scope);
    return collected;
}

Diagnoser::Diagnoser(elf::Files& files) : impl_(std::make_unique<Impl>(files)) {}
Diagnoser::~Diagnoser() = default;

const std::vector<std::string>& Diagnoser::doubts() const {
    return impl_->doubts;
}

std::vector<pid_t> Diagnoser::restless() const {
    return impl_->restlessness.threads();
}

Diagnoser::Answer Diagnoser::look(const Scope& scope) {
    impl_->answer = Answer::moving;
    impl_->snapshot = impl_->collect_patiently(scope);
    const Snapshot& snapshot = impl_->snapshot;
    const auto waits = waits_of(snapshot);
    const WaitGraph graph = build_graph(snapshot, waits);
    impl_->restlessness.add_look(snapshot, waits);
    impl_->doubts.clear();
    if (!snapshot.consistent) impl_->doubts.emplace_back("somebody ran while the processes were looked at");
    std::ranges::move(doubts_about(snapshot, graph), std::back_inserter(impl_->doubts));
    if (!snapshot.consistent) return Answer::moving;
    // One consistent snapshot is a proof by itself. A second one that says the same guards against what the
    // model forgot.
    Suspicion suspicion = suspect(snapshot, waits, graph, scope);
    const bool confirmed = suspicion == impl_->suspicion;
    impl_->suspicion = std::move(suspicion);
    impl_->answer = confirmed ? impl_->suspicion.answer : Answer::moving;
    return impl_->answer;
}

void Diagnoser::Impl::unwind_all(Evidence& evidence) {
    for (const ProcessSnapshot& process : evidence.snapshot.processes) {
        if (process.zombie || process.outside || process.mappings.empty()) continue;
        for (const ThreadSnapshot& thread : process.threads) {
            if (thread.sp == 0) continue;
            auto& stack = evidence.stacks[thread.tid];
            stack = thread.guest ? collector.guest_unwinder(process, thread.guest->base).unwind(*thread.guest)
                                 : collector.unwinder(process).unwind(known_registers(thread));
            if (thread.moved) cut_at_nonsense(stack);
        }
    }
}

Diagnosis Diagnoser::explain(const Scope& scope) {
    // What was proven is told as it was seen then. Anything else may have changed since.
    if (impl_->answer == Answer::moving || !impl_->snapshot.detailed)
        impl_->snapshot = impl_->collector.collect(scope, Collector::Detail::always);
    const Snapshot& snapshot = impl_->snapshot;
    WaitGraph graph = build_graph(snapshot, waits_of(snapshot));
    Evidence evidence = {.snapshot = snapshot,
                         .graph = graph,
                         .scope = scope,
                         .files = impl_->files,
                         .collector = impl_->collector,
                         .stacks = {}};
    impl_->unwind_all(evidence);
    name_locations(evidence, graph);

    const auto main = main_threads(snapshot, scope);
    Diagnosis diagnosis;
    const auto stuck = [&](pid_t tid) { return graph.of(tid)->stuck; };
    diagnosis.stuck =
        snapshot.consistent && !main.empty() &&
        (scope.world == World::machine ? std::ranges::any_of(main, stuck) : graph.all_stuck(main));
    diagnosis.doubts = doubts_about(snapshot, graph);
    diagnosis.processes = picture_processes(evidence);
    draw_waits(evidence, diagnosis.nodes, diagnosis.edges);
    if (!diagnosis.stuck) return diagnosis;

    Finding finding = find_cause(evidence);
    diagnosis.cause = finding.cause;
    diagnosis.innermost = finding.thread != 0 ? finding.thread : stuck_chain(evidence).back()->tid;
    diagnosis.explanation = std::move(finding.sentences);
    std::ranges::move(tell_zombies(evidence), std::back_inserter(diagnosis.explanation));
    std::ranges::move(finding.nodes, std::back_inserter(diagnosis.nodes));
    std::ranges::move(finding.edges, std::back_inserter(diagnosis.edges));
    return diagnosis;
}

}  // namespace rehang
