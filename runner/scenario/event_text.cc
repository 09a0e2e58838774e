#include "scenario/event_text.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/names.h"
#include "base/suggest.h"

namespace rehang {
namespace {

constexpr std::string_view syscall_prefix = "syscall:";

std::expected<SyscallName, std::string> parse_syscall(std::string_view name) {
    if (const auto number = syscall_number(name))
        return SyscallName{.name = std::string(name), .number = *number};
    return std::unexpected(
        fmt::format("unknown system call \"{}\"{}", name, did_you_mean(name, syscall_names())));
}

std::expected<SymbolName, std::string> parse_symbol(std::string_view text, size_t mark) {
    const std::string_view module = file_name(text.substr(0, mark));
    const std::string_view symbol = text.substr(mark + 1);
    if (module.empty()) return std::unexpected(fmt::format("\"{}\" names no module before the \"!\"", text));
    if (symbol.empty()) return std::unexpected(fmt::format("\"{}\" names no function after the \"!\"", text));
    return SymbolName{.module = std::string(module), .symbol = std::string(symbol)};
}

// "fork", "syscal:read" and the like. Names of functions may hold ":", so a wrong prefix is only guessed at.
std::string neither(std::string_view text) {
    const std::string_view prefix = text.substr(0, text.find(':'));
    if (prefix.size() < text.size() && !text.substr(prefix.size()).starts_with("::") &&
        !nearest(prefix, {"syscall"}).empty())
        return fmt::format("\"{}\" does not say what is entered; did you mean \"{}{}\"?", text,
                           syscall_prefix, text.substr(prefix.size() + 1));
    if (syscall_number(text))
        return fmt::format(
            "\"{0}\" does not say whose; write \"syscall:{0}\" for the system call, \"MODULE!{0}\" for a "
            "function",
            text);
    return fmt::format("\"{}\" is neither \"MODULE!SYMBOL\" nor \"syscall:NAME\"", text);
}

}  // namespace

std::expected<std::variant<SymbolName, SyscallName>, std::string> parse_enter(std::string_view text) {
    if (text.starts_with(syscall_prefix)) return parse_syscall(text.substr(syscall_prefix.size()));
    if (const size_t mark = text.find('!'); mark != std::string_view::npos) return parse_symbol(text, mark);
    return std::unexpected(neither(text));
}

std::expected<SyscallName, std::string> parse_leave(std::string_view text) {
    if (text.starts_with(syscall_prefix)) return parse_syscall(text.substr(syscall_prefix.size()));
    if (text.find('!') != std::string_view::npos)
        return std::unexpected(
            "leaving a function is not supported yet in this version, only leaving a system call: "
            "\"syscall:NAME\"");
    return std::unexpected(neither(text));
}

std::expected<SymbolName, std::string> parse_function(std::string_view text) {
    if (const size_t mark = text.find('!'); mark != std::string_view::npos) return parse_symbol(text, mark);
    return std::unexpected(fmt::format("\"{}\" is not \"MODULE!SYMBOL\"", text));
}

}  // namespace rehang
