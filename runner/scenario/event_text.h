// The values of `enter`, `leave` and `function`: "MODULE!SYMBOL", "FILE:LINE", "MODULE+OFFSET",
// "syscall:NAME", "guest:MODULE!SYMBOL".
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

namespace rehang {

struct SymbolName {
    std::string module;  // file name or soname; a folder before it is cut off
    std::string symbol;
};
struct LineName {
    std::string module;  // as above; "": the program of the process
    std::string source;  // a path, or the end of one
    unsigned line = 0;
};
struct OffsetName {
    std::string module;
    std::uint64_t offset = 0;  // as in the file's symbol table
};
struct SyscallName {
    std::string name;
    int number = 0;  // on this machine's architecture
};

// A function of a program that qemu-user runs.
struct GuestFunctionName {
    SymbolName function;
};

// On failure the message for the user, with a suggestion.
using EnterName = std::variant<SymbolName, LineName, OffsetName, SyscallName, GuestFunctionName>;
std::expected<EnterName, std::string> parse_enter(std::string_view text);
using LeaveName = std::variant<SymbolName, SyscallName>;
std::expected<LeaveName, std::string> parse_leave(std::string_view text);
std::expected<SymbolName, std::string> parse_function(std::string_view text);

}  // namespace rehang
