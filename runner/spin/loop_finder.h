// Watches a thread instruction by instruction, and proves that it is in an endless loop: its registers and
// all memory that it uses come back to what they were, and every instruction between does the same each time.
// From there on it can only go round and round, unless somebody else changes that memory or sends it a
// signal.
//
// Pure: sees a thread only through StandingThread. Nobody else may run between the calls for one thread;
// whoever calls makes sure of that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "spin/instruction.h"
#include "spin/machine_state.h"

namespace rehang::spin {

struct Piece {
    std::uint64_t address = 0;
    std::vector<unsigned char> bytes;
};

// A place that the loop looks at, other than by push and pop.
struct Access {
    std::uint64_t pc = 0;  // of the instruction
    std::uint64_t address = 0;
    size_t size = 0;
    bool tested = false;  // a conditional jump came next
    bool locks = false;   // by an atomic change
    bool operator==(const Access&) const = default;
};

struct Spin {
    bool endless = false;
    bool was_endless = false;      // a loop that it was seen in, and let go on
    std::uint64_t unreadable = 0;  // an address that it uses and that can't be looked at; 0: none
    std::string doubt;             // otherwise: what it did, for "X runs: …"
    size_t instructions = 0;       // of one round; of all that was seen where it is not endless
    std::string waits_by;          // the system call by which a round waits or gives way; "" for none
    std::string answered;        // a system call of a round that is answered instead of being made; "": none
    std::uint64_t futex = 0;     // the word that it waits for in each round, with a time-out; 0: none
    MachineState state;          // where it stands now; an endless one will be here again each round
    std::vector<Piece> memory;   // all that a round touches, as it is now, by address
    std::vector<Touch> changes;  // what of it is something else for a while in each round
    std::vector<Access> accesses;  // in the order of the round
};

class LoopFinder {
  public:
    explicit LoopFinder(size_t most_instructions) : most_(most_instructions) {}

    // The thread stands before its next instruction. True: let it execute this one, and call again. False:
    // enough seen.
    bool stands(const MachineState& state, StandingThread& thread);
    // After `stands` said false, or at any time when nothing more can be seen.
    Spin result() const;

  private:
    struct Byte {
        unsigned char first = 0, now = 0;
        bool changed = false;
    };

    bool give_up(std::string doubt);
    bool can_not_read(std::uint64_t address);
    bool see_what_changed(StandingThread& thread);
    bool goes_to_the_meeting_place(const MachineState& state, StandingThread& thread);
    bool back_at_the_anchor(const MachineState& state, StandingThread& thread);
    void drop_anchor(const MachineState& state, StandingThread& thread);
    bool note_touches(std::span<const Touch> touches, StandingThread& thread);
    void note_accesses(const Instruction& instruction);

    Decoder decoder_;
    size_t most_, seen_ = 0;
    // Brent's cycle detection: the state is compared with that of an anchor, which is dropped anew after 1,
    // 2, 4, 8 … instructions; so no state but one has to be kept, and a loop is found within three rounds.
    size_t next_anchor_ = 0, since_anchor_ = 0;
    MachineState anchor_, now_;
    std::vector<unsigned char> anchor_extended_;
    std::map<std::uint64_t, Byte> memory_;  // touched since the anchor
    std::vector<Access> accesses_;
    std::string waits_by_, answered_;
    std::uint64_t futex_ = 0;
    bool branch_first_ = false;  // what this jump tests is the last access of the round
    std::vector<Touch> last_touches_;
    // Once a loop is found, the thread goes on to the place in it that is the same each time, wherever it was
    // met: the outermost function, and there the lowest address.
    MachineState meeting_place_;
    bool endless_ = false;
    std::uint64_t unreadable_ = 0;
    std::string doubt_;
};

}  // namespace rehang::spin
