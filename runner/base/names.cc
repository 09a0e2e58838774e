#include "base/names.h"

#include <fmt/format.h>
#include <seccomp.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace rehang {

std::string errno_name(int value) {
    const char* name = ::strerrorname_np(value);
    return name ? name : fmt::format("errno {}", value);
}

std::optional<int> errno_value(std::string_view name) {
    constexpr int highest = 4095;  // MAX_ERRNO, include/linux/err.h
    for (int value = 1; value <= highest; ++value)
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
