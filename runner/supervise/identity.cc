#include "supervise/identity.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "base/files.h"

namespace rehang {
namespace {

pid_t last_number(std::string_view line) {
    pid_t number = 0;
    const std::string_view digits = line.substr(line.find_last_not_of("0123456789") + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

}  // namespace

Identity identity_of(pid_t tid) {
    const std::string status = read_file_or_empty(fmt::format("/proc/{}/status", tid));
    const auto line = [&](std::string_view key) {
        const size_t at = status.find(key);
        return at == std::string::npos
                   ? std::string_view()
                   : std::string_view(status).substr(at + 1, status.find('\n', at + 1) - at - 1);
    };
    return {.process = last_number(line("\nTgid:")), .inner_tid = last_number(line("\nNSpid:"))};
}

std::string thread_name(pid_t tid) {
    std::string name = read_file_or_empty(fmt::format("/proc/{}/comm", tid));
    if (name.ends_with('\n')) name.pop_back();
    return name;
}

}  // namespace rehang
