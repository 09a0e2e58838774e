// Stacks of threads that are not stopped, from a stack pointer and a program counter alone (libdwfl, no
// ptrace).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "elf/guest_registers.h"
#include "elf/modules.h"

namespace rehang::elf {

struct Frame {
    std::uint64_t pc = 0;
    std::string module;  // file name
    std::string symbol;  // demangled, without parameters; "" if unknown
    std::uint64_t offset = 0;
};

// What is known of a thread's registers: enough is sp and pc (from /proc/TID/syscall); with all of them more
// stacks can be unwound.
struct Registers {
    std::uint64_t pc = 0;
    std::uint64_t sp = 0;
    std::uint64_t bp = 0;  // rbp
    std::uint64_t bx = 0, r12 = 0, r13 = 0, r14 = 0,
                  r15 = 0;  // the other registers that a called function preserves
    bool complete = false;  // only pc and sp are set otherwise
};

// Memory that no longer exists in the process: a copy of a stack made earlier. Read before the process's own
// memory.
struct SavedStack {
    std::uint64_t start = 0;
    std::vector<unsigned char> bytes;
};

// Code built without optimisation finds its frames by rbp, which sp and pc alone do not tell. A guess, from
// what on the stack looks like a chain of frames, is good enough for a report, not for a proof.
enum class FramePointer { may_be_guessed, only_known };

// One process's unwinder: its modules are read once. Use from one thread; the process may run or end
// meanwhile (then: shorter stacks).
class Unwinder {
  public:
    explicit Unwinder(pid_t pid, Files& files);
    // Of the arm64 program that qemu-user runs in the process; `base` is what is added to its addresses.
    static Unwinder of_guest(pid_t pid, std::uint64_t base, Files& files);
    Unwinder(Unwinder&&) noexcept;
    Unwinder& operator=(Unwinder&&) noexcept;
    ~Unwinder();

    // Innermost frame first, at most `most`. Never fails: where unwinding ends early, the frames so far.
    std::vector<Frame> unwind(const Registers& registers, const SavedStack* saved = nullptr, size_t most = 64,
                              FramePointer frame_pointer = FramePointer::may_be_guessed);
    // The same for a guest's. Addresses in frames, and of what was saved, are the host's.
    std::vector<Frame> unwind(const GuestRegisters& registers, const SavedStack* saved = nullptr,
                              size_t most = 64);

  private:
    struct Impl;
    explicit Unwinder(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace rehang::elf
