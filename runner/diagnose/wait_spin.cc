#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"
#include "diagnose/waits.h"

namespace rehang::wait_rules {
namespace {

using spin::Access;
using spin::Piece;
using spin::Spin;
using spin::Touch;

bool overlap(const Touch& one, const Piece& other) {
    return one.address < other.address + other.bytes.size() && other.address < one.address + one.size;
}

// Its own stack is where a loop may leave something else for a while: nobody reads it there but by accident,
// and that case is looked for.
bool is_on_its_stack(const Sleeper& sleeper, std::uint64_t address) {
    const elf::Mapping* const mapping = mapping_at(sleeper.process, address);
    return mapping && !mapping->shared && mapping == mapping_at(sleeper.process, sleeper.thread.sp);
}

// Somebody who has to be let go on because of what the loop itself does to memory.
std::optional<std::string> changes_for_others(const Sleeper& sleeper) {
    for (const Touch& change : sleeper.thread.spin->changes)
        if (!is_on_its_stack(sleeper, change.address))
            return fmt::format("runs in a loop that changes memory at {:#x} and back each time",
                               change.address);
    return std::nullopt;
}

bool changes_what_it_reads(const Spin& other, const Spin& spin) {
    return std::ranges::any_of(other.changes, [&](const Touch& change) {
        return std::ranges::any_of(spin.memory, [&](const Piece& piece) { return overlap(change, piece); });
    });
}

// Other loops in the same memory that write, if only for a moment, where this one reads.
std::optional<std::string> changed_by_another_loop(const Sleeper& sleeper) {
    for (const ProcessSnapshot& process : sleeper.snapshot.processes) {
        if (!share_memory(sleeper.process, process)) continue;
        for (const ThreadSnapshot& other : process.threads)
            if (other.tid != sleeper.thread.tid && other.spin &&
                changes_what_it_reads(*other.spin, *sleeper.thread.spin))
                return fmt::format("runs in a loop that reads what {} changes in its own one",
                                   label(process, other));
    }
    return std::nullopt;
}

bool is_clock(const elf::Mapping& mapping) {
    return mapping.path.starts_with("[vvar") || mapping.path.starts_with("[vsyscall");
}

// Of shared memory: processes outside of the sandbox can map it too. Anonymous memory is only inherited.
bool anybody_may_map(const Sleeper& sleeper, const elf::Mapping& mapping) {
    const std::string& path = mapping.path;
    if (path.starts_with("/SYSV"))
        return sleeper.process.ipc_namespace == sleeper.snapshot.ipc_namespace_outside;
    const bool anonymous = path.empty() || path == "/dev/zero" || path.starts_with("[anon_shmem:");
    return !anonymous && !path.starts_with("/memfd:") && !is_private(sleeper.snapshot, path);
}

// Who else than the threads of the sandbox changes this memory.
std::optional<std::string> outside_writer(const Sleeper& sleeper, const elf::Mapping& mapping) {
    if (is_clock(mapping)) return std::string("its loop reads the kernel's clock");
    if (mapping.path.starts_with("/dev/") && mapping.path != "/dev/zero" && !is_private_place(mapping.path))
        return fmt::format("its loop reads memory of the device {}", mapping.path);
    if (mapping.shared && anybody_may_map(sleeper, mapping))
        return fmt::format("its loop reads {}, which anybody may map", mapping.path);
    return std::nullopt;
}

// What changes without any thread of the sandbox.
std::optional<std::string> changed_from_outside(const Sleeper& sleeper) {
    for (const Piece& piece : sleeper.thread.spin->memory) {
        std::uint64_t at = piece.address;
        for (const std::uint64_t end = at + piece.bytes.size(); at < end;) {
            const elf::Mapping* const mapping = mapping_at(sleeper.process, at);
            if (!mapping) return fmt::format("what its loop reads at {:#x} can't be told", at);
            if (auto writer = outside_writer(sleeper, *mapping)) return writer;
            at = mapping->end;
        }
    }
    if (sleeper.process.alarm)
        return fmt::format("a timer of {} may send it a signal", label(sleeper.process));
    if (sleeper.process.limited_processor_time)
        return fmt::format("{} has a timer or a limit for its use of the processor, which ends its loop",
                           label(sleeper.process));
    return std::nullopt;
}

bool could_change(const Sleeper& sleeper, const Access& access) {
    const elf::Mapping* const mapping = mapping_at(sleeper.process, access.address);
    return mapping && (mapping->writable || mapping->shared) && !is_on_its_stack(sleeper, access.address);
}

// The place that the loop is about, for a person: a lock that it tries to take, what it tests, what it reads.
const Access* watched(const Sleeper& sleeper) {
    const auto& accesses = sleeper.thread.spin->accesses;
    const auto first = [&](auto is_it) -> const Access* {
        const Access* found = nullptr;  // that of the lowest pc: the same wherever the round was met
        for (const Access& access : accesses)
            if (could_change(sleeper, access) && is_it(access) && (!found || access.pc < found->pc))
                found = &access;
        return found;
    };
    if (const Access* const lock = first([](const Access& access) { return access.locks; })) return lock;
    if (const Access* const tested = first([](const Access& access) { return access.tested; })) return tested;
    return first([](const Access&) { return true; });
}

std::uint32_t value_of(const Spin& spin, const Access& access) {
    std::uint32_t value = 0;
    for (const Piece& piece : spin.memory)
        if (access.address >= piece.address && access.address < piece.address + piece.bytes.size())
            std::memcpy(&value, piece.bytes.data() + (access.address - piece.address),
                        std::min({sizeof value, access.size,
                                  static_cast<size_t>(piece.address + piece.bytes.size() - access.address)}));
    return value;
}

std::string sentence_of(const Wait& wait, const Spin& spin) {
    if (wait.retried)
        return fmt::format("waits for the futex word at {}, which is {}, in a loop that asks again for ever",
                           wait.location, wait.word);
    if (!spin.answered.empty())
        return fmt::format("spins with {}, which a fault answers each time in the same way", spin.answered);
    const std::string gives_way = spin.waits_by.empty() ? "" : fmt::format(" with {}", spin.waits_by);
    if (wait.address == 0)
        return fmt::format("spins{}, in a loop of {} instruction{} that reads nothing that could change",
                           gives_way, spin.instructions, spin.instructions == 1 ? "" : "s");
    return fmt::format("spins{}, reading {}, which is {}", gives_way, wait.location, wait.word);
}

}  // namespace

Wait spinning(const Sleeper& sleeper) {
    const Spin& spin = *sleeper.thread.spin;
    Wait wait;
    wait.kind = spin.futex == 0 ? WaitKind::spin : WaitKind::futex;
    wait.retried = spin.futex != 0;
    // What it waits for is another answer, whatever else it reads on its way.
    const bool about_memory = spin.answered.empty();
    const Access futex{.pc = 0, .address = spin.futex, .size = sizeof wait.word};
    if (const Access* const access = spin.futex != 0 ? &futex : about_memory ? watched(sleeper) : nullptr) {
        wait.address = access->address;
        wait.word = value_of(spin, *access);
        wait.location = fmt::format("{:#x}", wait.address);
    }
    wait.sentence = sentence_of(wait, spin);
    // Each of them may write there if it has the memory, and may send it a signal in any case.
    wait.wakers = living_threads(sleeper.snapshot, sleeper.thread.tid);
    wait.by_outside = changed_from_outside(sleeper);
    auto changes = changes_for_others(sleeper);
    if (!changes) changes = changed_by_another_loop(sleeper);
    if (changes) {
        wait.by_itself = true;
        wait.sentence = std::move(*changes);
    }
    return wait;
}

// What it did some time ago proves nothing of now: it may go on, and what is known of it explains the doubt.
Wait running(const Sleeper& sleeper) {
    const Spin* const spin = sleeper.thread.spin.get();
    Wait wait;
    wait.kind = WaitKind::running;
    wait.by_itself = true;
    wait.sentence = "runs";
    if (!spin) return wait;
    const elf::Mapping* const unreadable = mapping_at(sleeper.process, spin->unreadable);
    if (unreadable && is_clock(*unreadable))
        wait.sentence = "runs: it reads the clock, so it may stop by itself";
    else if (!spin->was_endless)
        wait.sentence = "runs: it " + spin->doubt;
    else if (!sleeper.process.mappings.empty()) {
        const Wait then = spinning(sleeper);
        wait.sentence =
            fmt::format("runs: it {}, until somebody changes that or sends it a signal", then.sentence);
        wait.by_outside = then.by_outside;
    }
    return wait;
}

}  // namespace rehang::wait_rules

namespace rehang {

void name_function(Wait& wait, const std::string& function) {
    constexpr std::string_view verb = "spins";
    if (wait.kind == WaitKind::spin && wait.sentence.starts_with(verb))
        wait.sentence.insert(verb.size(), " in " + function);
}

}  // namespace rehang
