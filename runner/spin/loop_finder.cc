#include "spin/loop_finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace rehang::spin {
namespace {

using Kind = Instruction::Kind;

std::string why_not(const Instruction& instruction) {
    switch (instruction.kind) {
        case Kind::clock:
            return fmt::format("reads the clock ({}), so it may stop by itself", instruction.text);
        case Kind::varies:
            return fmt::format("executes {}, which may answer something else each time", instruction.text);
        default:
            return fmt::format("gets to {}, which may change something", instruction.text);
    }
}

// Reads as much of an instruction as there is: the next page may not be mapped.
size_t read_code(StandingThread& thread, std::uint64_t pc, std::span<unsigned char> into) {
    constexpr std::uint64_t page = 4096;
    if (thread.read(pc, into)) return into.size();
    const size_t to_page_end = page - pc % page;
    return to_page_end < into.size() && thread.read(pc, into.first(to_page_end)) ? to_page_end : 0;
}

bool comes_before(const MachineState& one, const MachineState& other) {
    const auto place = [](const MachineState& state) {
        return std::tuple(~state.general[rsp], state.pc, state.general);
    };
    return place(one) < place(other);
}

}  // namespace

bool LoopFinder::give_up(std::string doubt) {
    doubt_ = std::move(doubt);
    return false;
}

bool LoopFinder::can_not_read(std::uint64_t address) {
    unreadable_ = address;
    return give_up(fmt::format("uses memory at {:#x} that can't be read", address));
}

bool LoopFinder::stands(const MachineState& state, StandingThread& thread) {
    now_ = state;
    if (!state.code_64) return give_up("executes 32-bit code, which this version does not understand");
    if (endless_) return goes_to_the_meeting_place(state, thread);
    if (!see_what_changed(thread)) return false;
    if (back_at_the_anchor(state, thread)) {
        endless_ = true;
        if (branch_first_ && !accesses_.empty()) accesses_.back().tested = true;
        return goes_to_the_meeting_place(state, thread);
    }
    if (seen_ == most_) return false;
    if (seen_ == next_anchor_) drop_anchor(state, thread);
    if (futex_ == 0 && comes_before(state, meeting_place_)) meeting_place_ = state;

    std::array<unsigned char, Decoder::longest> code{};
    const size_t length = read_code(thread, state.pc, code);
    const Instruction instruction = decoder_.decode(std::span(code).first(length), state);
    if (instruction.kind != Kind::same_again && instruction.kind != Kind::waits) {
        if (!instruction.calls_kernel || !thread.call_is_answered()) return give_up(why_not(instruction));
        answered_ = instruction.text;
    }
    const Touch its_code = {.address = state.pc, .size = length};
    if (!note_touches({&its_code, 1}, thread) || !note_touches(instruction.touches, thread)) return false;
    note_accesses(instruction);
    last_touches_ = instruction.touches;
    ++seen_;
    ++since_anchor_;
    return true;
}

// What the last instruction left in the memory that it touched.
bool LoopFinder::see_what_changed(StandingThread& thread) {
    for (const Touch& touch : last_touches_) {
        std::vector<unsigned char> bytes(touch.size);
        if (!thread.read(touch.address, bytes)) return can_not_read(touch.address);
        for (size_t i = 0; i < bytes.size(); ++i) {
            Byte& byte = memory_[touch.address + i];
            byte.now = bytes[i];
            byte.changed |= byte.now != byte.first;
        }
    }
    last_touches_.clear();
    return true;
}

bool LoopFinder::back_at_the_anchor(const MachineState& state, StandingThread& thread) {
    if (since_anchor_ == 0 || state != anchor_) return false;
    const auto counting = std::ranges::find_if(
        memory_, [](const auto& entry) { return entry.second.now != entry.second.first; });
    if (counting != memory_.end()) {
        doubt_ = fmt::format("goes round in a loop that changes memory at {:#x} each time", counting->first);
        return false;
    }
    return !anchor_extended_.empty() && thread.extended_state() == anchor_extended_;
}

// Known instructions in known memory from here on, which on arrival is read as it is there.
bool LoopFinder::goes_to_the_meeting_place(const MachineState& state, StandingThread& thread) {
    if (state != meeting_place_) return true;
    for (auto& [address, byte] : memory_)
        if (byte.changed && !thread.read(address, {&byte.now, 1})) endless_ = false;
    return false;
}

void LoopFinder::drop_anchor(const MachineState& state, StandingThread& thread) {
    anchor_ = meeting_place_ = state;
    anchor_extended_ = thread.extended_state();
    next_anchor_ = next_anchor_ == 0 ? 1 : 2 * next_anchor_;
    since_anchor_ = 0;
    memory_.clear();
    accesses_.clear();
    waits_by_.clear();
    answered_.clear();
    futex_ = 0;
    branch_first_ = false;
}

// Before the instruction is executed. Memory that it finds other than it was left was changed by somebody
// else.
bool LoopFinder::note_touches(std::span<const Touch> touches, StandingThread& thread) {
    for (const Touch& touch : touches) {
        std::vector<unsigned char> bytes(touch.size);
        if (!thread.read(touch.address, bytes)) return can_not_read(touch.address);
        for (size_t i = 0; i < bytes.size(); ++i) {
            const auto [byte, fresh] =
                memory_.try_emplace(touch.address + i, Byte{.first = bytes[i], .now = bytes[i]});
            if (!fresh && byte->second.now != bytes[i])
                return give_up(fmt::format("uses memory at {:#x} that somebody else changed meanwhile",
                                           touch.address + i));
        }
    }
    return true;
}

void LoopFinder::note_accesses(const Instruction& instruction) {
    if (instruction.branches && accesses_.empty()) branch_first_ = true;
    if (instruction.branches && !accesses_.empty()) accesses_.back().tested = true;
    if (instruction.kind == Kind::waits || instruction.text == "sched_yield") {
        waits_by_ = instruction.text;
        if (instruction.text == "futex") {
            futex_ = instruction.touches.front().address;
            meeting_place_ = now_;  // there it stands when it sleeps, as it mostly does
        }
        return;
    }
    if (instruction.incidental) return;
    for (const Touch& touch : instruction.touches)
        accesses_.push_back({.pc = now_.pc,
                             .address = touch.address,
                             .size = touch.size,
                             .tested = false,
                             .locks = instruction.locks});
}

Spin LoopFinder::result() const {
    const std::string doubt =
        doubt_.empty() ? fmt::format("executed {} instructions without repeating a state", seen_) : doubt_;
    Spin spin{.endless = endless_,
              .unreadable = unreadable_,
              .doubt = endless_ ? std::string() : doubt,
              .instructions = endless_ ? since_anchor_ : seen_,
              .waits_by = waits_by_,
              .answered = answered_,
              .futex = futex_,
              .state = now_,
              .memory = {},
              .changes = {},
              .accesses = accesses_};
    for (const auto& [address, byte] : memory_) {
        if (spin.memory.empty() || spin.memory.back().address + spin.memory.back().bytes.size() != address)
            spin.memory.push_back({.address = address, .bytes = {}});
        spin.memory.back().bytes.push_back(byte.now);
        if (!byte.changed) continue;
        if (spin.changes.empty() || spin.changes.back().address + spin.changes.back().size != address)
            spin.changes.push_back({.address = address, .size = 0});
        ++spin.changes.back().size;
    }
    return spin;
}

}  // namespace rehang::spin
