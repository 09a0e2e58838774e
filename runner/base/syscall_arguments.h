// What the arguments of system calls are called, how wide they are, and names for the numbers that they take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rehang {

inline constexpr unsigned most_arguments = 6;  // of a system call, syscall(2)

struct SyscallArgument {
    enum class Kind { number, descriptor, path, pointer };  // `path` is a pointer too

    std::string name;
    bool narrow = false;  // int and the like: the upper half of the register may hold anything
    Kind kind = Kind::number;
};

// As in the kernel's prototypes (include/linux/syscalls.h, without the "user" of pointers). Empty for calls
// that this table does not have: their arguments go by arg0 to arg5.
std::vector<SyscallArgument> syscall_arguments(std::string_view call);
bool has_prototype(std::string_view call);  // in that table
// The calls of that table that have an argument of this kind, in the order of their names.
std::vector<std::string> calls_with(SyscallArgument::Kind kind);

// "O_CREAT", "FUTEX_WAIT", "AF_UNIX", also names of signals and errno values.
std::optional<std::uint64_t> constant_value(std::string_view name);
std::vector<std::string> constant_names();

}  // namespace rehang
