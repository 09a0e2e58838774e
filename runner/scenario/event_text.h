// The values of `enter`, `leave` and `function`: "MODULE!SYMBOL" and "syscall:NAME".
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <variant>

namespace rehang {

struct SymbolName {
    std::string module;  // file name or soname; a folder before it is cut off
    std::string symbol;
};
struct SyscallName {
    std::string name;
    int number = 0;  // on this machine's architecture
};

// On failure the message for the user, with a suggestion.
std::expected<std::variant<SymbolName, SyscallName>, std::string> parse_enter(std::string_view text);
std::expected<SyscallName, std::string> parse_leave(std::string_view text);
std::expected<SymbolName, std::string> parse_function(std::string_view text);

}  // namespace rehang
