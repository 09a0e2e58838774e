#include "base/names.h"

#include <fmt/format.h>
#include <seccomp.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace rehang {
namespace {

constexpr int highest_errno = 4095;  // MAX_ERRNO, include/linux/err.h

}  // namespace

std::string errno_name(int value) {
    const char* name = ::strerrorname_np(value);
    return name ? name : fmt::format("errno {}", value);
}

std::optional<int> errno_value(std::string_view name) {
    for (int value = 1; value <= highest_errno; ++value)
        if (const char* known = ::strerrorname_np(value); known && name == known) return value;
    return std::nullopt;
}

std::string signal_name(int signal) {
    if (const char* name = ::sigabbrev_np(signal)) return fmt::format("SIG{}", name);
    if (signal >= SIGRTMIN && signal <= SIGRTMAX)
        return signal == SIGRTMIN ? "SIGRTMIN" : fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
    return fmt::format("signal {}", signal);
}

std::optional<int> signal_value(std::string_view name) {
    for (int signal = 1; signal <= SIGRTMAX; ++signal)
        if (signal_name(signal) == name) return signal;
    return std::nullopt;
}

std::vector<std::string> errno_names() {
    std::vector<std::string> names;
    for (int value = 1; value <= highest_errno; ++value)
        if (const char* name = ::strerrorname_np(value)) names.emplace_back(name);
    return names;
}

std::vector<std::string> signal_names() {
    constexpr int last_standard = 31;
    std::vector<std::string> names;
    for (int signal = 1; signal <= last_standard; ++signal) names.push_back(signal_name(signal));
    return names;
}

std::string syscall_name(long number) {
    char* name =
        number < 0 ? nullptr : ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number));
    if (!name) return fmt::format("syscall {}", number);
    std::string copy = name;
    std::free(name);  // NOLINT(cppcoreguidelines-no-malloc): libseccomp hands out malloc'ed text
    return copy;
}

std::optional<int> syscall_number(std::string_view name) {
    const int number = ::seccomp_syscall_resolve_name(std::string(name).c_str());
    return number < 0 ? std::nullopt
                      : std::optional(number);  // negative: unknown, or of another architecture only
}

bool is_foreign_syscall(std::string_view name) {
    const int number = ::seccomp_syscall_resolve_name(std::string(name).c_str());
    return number < 0 && number != __NR_SCMP_ERROR;
}

const std::vector<std::string>& syscall_names() {
    static const std::vector<std::string> names = [] {
        constexpr int beyond_every_number = 1024;
        std::vector<std::string> all;
        for (int number = 0; number < beyond_every_number; ++number)
            if (std::string name = syscall_name(number); !name.starts_with("syscall "))
                all.push_back(std::move(name));
        return all;
    }();
    return names;
}

}  // namespace rehang
