// A system call that a thread is about to make, or has just made. There are three ways to make one on x86_64,
// each with numbers of its own: `syscall` in 64-bit programs, the same in x32 programs, and what 32-bit
// programs do (`int 0x80`, `sysenter`), which any other program can do as well.
#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/syscall_arguments.h"
#include "scenario/argument_text.h"
#include "scenario/fault_effect.h"

namespace rehang {

enum class Convention { x86_64, x32, i386 };

struct SystemCall {
    Convention convention = Convention::x86_64;
    int number = -1;  // of the x86_64 call of the same name; -1: there is none
    std::array<std::uint64_t, most_arguments> arguments{};
    std::optional<std::int64_t> answer;  // at its exit
    int called = -1;                     // its number by its convention
    bool handed_on = false;              // see hand_on()

    std::string name() const;
    bool meets(int wanted, const std::vector<ArgumentCondition>& where) const;

    static SystemCall of(const seccomp_data& data);
    // Without its arguments.
    static SystemCall numbered(Convention convention, std::uint64_t number);
};

// A thread that is stopped at its call goes on to ask the listener about it: the kernel asks the filter once
// more about a call whose number its tracer has changed. There are no such calls; the filter asks the
// listener about all of them (filter_fakes.h). What is added keeps the number of the real one and leaves
// __X32_SYSCALL_BIT alone. Should nobody answer, it gives ENOSYS.
inline constexpr std::uint32_t handed_on_base = 0x2fac0000;
inline constexpr std::uint32_t handed_on_mask = 0xbfff0000;

// Of a thread that stands at the entry or the exit of one, or at the filter. Nothing elsewhere, or if the
// thread is gone.
std::optional<SystemCall> system_call_of(pid_t tid);

// Where the call's arguments point; false if some of that memory is not there, or can't be written to.
bool write_out(const std::vector<FaultWrite>& writes, const SystemCall& call, pid_t tid);

// At the entry: the call is made with another argument. Before the thread goes on from its exit the register
// has to be given back: programs rely on it.
void change_argument(pid_t tid, Convention convention, unsigned index, std::uint64_t value);
// At the entry: another call is made with the same arguments, which is this one on x86_64.
void make_instead(pid_t tid, Convention convention, int number);
// At the entry: as described above.
void hand_on(pid_t tid);
// At the entry: it is not made, and gives this, -errno or a result.
void answer_call(pid_t tid, std::int64_t answer);

}  // namespace rehang
