// Names for numbers that the kernel uses: errno values, signals, system calls.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rehang {

std::string errno_name(int value);  // "ENXIO"; "errno 4711" for one that glibc has no name for
std::optional<int> errno_value(std::string_view name);  // by name only
std::string signal_name(int signal);                    // "SIGABRT"; "SIGRTMIN+3"; "signal 99"
std::optional<int> signal_value(std::string_view name);
std::vector<std::string> errno_names();   // all, for suggestions
std::vector<std::string> signal_names();  // those that are not real-time signals

// System calls of this machine's architecture, as libseccomp knows them.
std::string syscall_name(long number);  // "futex"; "syscall 9999"
std::optional<int> syscall_number(std::string_view name);
const std::vector<std::string>& syscall_names();  // all, for suggestions
bool is_foreign_syscall(std::string_view name);   // of other architectures only

}  // namespace rehang
