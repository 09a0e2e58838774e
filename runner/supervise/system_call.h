// The system call of a stopped thread. There are three ways to make one on x86_64, each with numbers of its
// own: `syscall` in 64-bit programs, the same in x32 programs, and what 32-bit programs do (`int 0x80`,
// `sysenter`), which any other program can do as well.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/syscall_arguments.h"
#include "scenario/argument_text.h"

namespace rehang {

enum class Convention { x86_64, x32, i386 };

struct SystemCall {
    Convention convention = Convention::x86_64;
    int number = -1;   // of the x86_64 call of the same name; -1: there is none
    std::string name;  // where it was called
    std::array<std::uint64_t, most_arguments> arguments{};
    std::optional<std::int64_t> answer;  // at its exit

    bool meets(int wanted, const std::vector<ArgumentCondition>& where) const;
};

// Of a thread that stands at the entry or the exit of one, or at the filter. Nothing elsewhere, or if the
// thread is gone.
std::optional<SystemCall> system_call_of(pid_t tid);

// At the entry: the call is made with another first argument.
void change_first_argument(pid_t tid, Convention convention, std::uint64_t value);
// At the entry: it is not made, and answers EPERM.
void refuse_call(pid_t tid);

}  // namespace rehang
