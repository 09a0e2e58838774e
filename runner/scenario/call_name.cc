#include "scenario/call_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/names.h"
#include "base/suggest.h"

namespace rehang {
namespace {

// Functions of C libraries that make another call than they are called, on a kernel with 64 bits.
constexpr auto made_by_functions = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"send", "sendto"},
    {"recv", "recvfrom"},
    {"waitpid", "wait4"},
    {"wait", "wait4"},
    {"pread", "pread64"},
    {"pwrite", "pwrite64"},
    {"sigaction", "rt_sigaction"},
    {"signal", "rt_sigaction"},
    {"sigprocmask", "rt_sigprocmask"},
    {"sigsuspend", "rt_sigsuspend"},
    {"sigtimedwait", "rt_sigtimedwait"},
    {"sigwait", "rt_sigtimedwait"},
    {"sleep", "clock_nanosleep"},
    {"usleep", "clock_nanosleep"},
    {"fopen", "openat"},
    {"opendir", "openat"},
    {"readdir", "getdents64"},
    {"lockf", "fcntl"},
    {"fcntl64", "fcntl"},
    {"mmap2", "mmap"},
    {"malloc", "mmap"},
    {"_llseek", "lseek"},
    {"stat64", "newfstatat"},
    {"fstat64", "newfstatat"},
    {"lstat64", "newfstatat"},
    {"fstatat", "newfstatat"},
    {"fstatat64", "newfstatat"},
    {"truncate64", "truncate"},
    {"ftruncate64", "ftruncate"},
    {"execv", "execve"},
    {"execvp", "execve"},
    {"posix_spawn", "clone3"},
    {"pthread_create", "clone3"},
    {"system", "clone3"},
    {"raise", "tgkill"},
    {"abort", "tgkill"},
    {"umount", "umount2"},
    {"getrlimit64", "prlimit64"},
    {"prlimit", "prlimit64"},
});

std::optional<std::string_view> made_by(std::string_view function) {
    const auto* const known =
        std::ranges::find(made_by_functions, function, &std::pair<std::string_view, std::string_view>::first);
    return known == made_by_functions.end() ? std::nullopt : std::optional(known->second);
}

}  // namespace

std::expected<int, std::string> parse_call_name(std::string_view name) {
    if (const auto number = syscall_number(name)) return *number;
    if (const auto made = made_by(name))
        return std::unexpected(
            fmt::format("\"{0}\" is no system call here: the function {0}() makes \"{1}\"", name, *made));
    if (is_foreign_syscall(name))
        return std::unexpected(fmt::format("\"{}\" is a system call of other architectures only{}", name,
                                           did_you_mean(name, syscall_names())));
    return std::unexpected(
        fmt::format("unknown system call \"{}\"{}", name, did_you_mean(name, syscall_names())));
}

}  // namespace rehang
