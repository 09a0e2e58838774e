// What a thread's next instructions depend on, besides memory: its registers. x86_64 only.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace rehang::spin {

struct MachineState {
    // In the order of the machine's own numbers: rax rcx rdx rbx rsp rbp rsi rdi r8 … r15.
    std::array<std::uint64_t, 16> general{};
    std::uint64_t pc = 0;
    std::uint64_t flags = 0;  // without the trap and resume flags, which belong to whoever steps
    std::uint64_t fs_base = 0, gs_base = 0;
    bool code_64 = true;  // executes 64-bit code
    bool operator==(const MachineState&) const = default;
};

inline constexpr size_t rax = 0, rdx = 2, rsp = 4, rbp = 5, rsi = 6, rdi = 7, r10 = 10;

// A thread that stands still, to be asked for more than its registers.
class StandingThread {
  public:
    virtual ~StandingThread() = default;
    // All of `into`, or false.
    virtual bool read(std::uint64_t address, std::span<unsigned char> into) = 0;
    // The vector and floating point registers, as the kernel lays them out (XSAVE). Empty: can't be read.
    virtual std::vector<unsigned char> extended_state() = 0;
    // The system call that it stands before is not made: it is answered, each time in the same way, and
    // nothing else comes of it.
    virtual bool call_is_answered() = 0;
};

}  // namespace rehang::spin
