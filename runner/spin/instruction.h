// What one machine instruction does, as far as it matters for the question whether it does the same again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "spin/machine_state.h"

namespace rehang::spin {

struct Touch {
    std::uint64_t address = 0;
    size_t size = 0;
    bool operator==(const Touch&) const = default;
};

struct Instruction {
    enum class Kind {
        same_again,  // from equal registers and equal memory comes the same, each time
        waits,       // a system call that sleeps for a while and then answers the same each time
        clock,       // reads the time
        varies,      // answers something else each time, like a random number
        other,       // a system call that may do anything, or an instruction that is not known well enough
    };
    Kind kind = Kind::other;
    std::string text;            // "rdtsc", "system call 1": for a person
    std::vector<Touch> touches;  // all memory that it may read or write, its own code not
    bool incidental = false;     // what it touches is no data: the stack, or where to jump or call to
    bool locks = false;          // changes memory atomically: lock prefix, xchg
    bool branches = false;       // goes one way or another, by the flags
    bool calls_kernel = false;   // a system call, whose name the text is
};

// Source: Intel SDM volume 2 for what the instructions do; Capstone for reading them. Instructions are known
// by a list of those that are safe, so that one that was forgotten makes a proof impossible, never wrong.
class Decoder {
  public:
    Decoder();
    ~Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    static constexpr size_t longest = 15;  // bytes of an instruction
    // The instruction at state.pc, whose code begins there.
    Instruction decode(std::span<const unsigned char> code, const MachineState& state) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// What the system call that a thread is about to make means for a loop. Source: the calls' manual pages.
Instruction system_call(const MachineState& state);

}  // namespace rehang::spin
