#include "scenario/event_text.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/files.h"
#include "base/names.h"
#include "base/suggest.h"
#include "scenario/call_name.h"

namespace rehang {
namespace {

constexpr std::string_view syscall_prefix = "syscall:";
constexpr std::string_view guest_prefix = "guest:";

std::expected<SyscallName, std::string> parse_syscall(std::string_view name) {
    const auto number = parse_call_name(name);
    if (!number) return std::unexpected(number.error());
    return SyscallName{.name = std::string(name), .number = *number};
}

std::expected<SymbolName, std::string> parse_symbol(std::string_view text, size_t mark) {
    const std::string_view module = file_name(text.substr(0, mark));
    const std::string_view symbol = text.substr(mark + 1);
    if (module.empty()) return std::unexpected(fmt::format("\"{}\" names no module before the \"!\"", text));
    if (symbol.empty()) return std::unexpected(fmt::format("\"{}\" names no function after the \"!\"", text));
    return SymbolName{.module = std::string(module), .symbol = std::string(symbol)};
}

// "a.c:12", "src/a.cc:7"; nothing for the name of a C++ function, "std::thread".
std::optional<LineName> parse_line(std::string_view text) {
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || text[colon - 1] == ':') return std::nullopt;
    LineName name{.module = {}, .source = std::string(text.substr(0, colon))};
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), name.line);
    if (error != std::errc() || end != digits.data() + digits.size() || name.line == 0) return std::nullopt;
    return name;
}

// "libc.so.6+0x1234", as reports write it.
std::optional<OffsetName> parse_offset(std::string_view text) {
    constexpr std::string_view mark = "+0x";
    const size_t at = text.rfind(mark);
    if (at == std::string_view::npos || at == 0) return std::nullopt;
    OffsetName name{.module = std::string(file_name(text.substr(0, at)))};
    const std::string_view digits = text.substr(at + mark.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), name.offset, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return name;
}

// "fork", "syscal:read" and the like. Names of functions may hold ":", so a wrong prefix is only guessed at.
std::string neither(std::string_view text) {
    const std::string_view prefix = text.substr(0, text.find(':'));
    const bool has_prefix = prefix.size() < text.size() && !text.substr(prefix.size()).starts_with("::");
    const auto meant = has_prefix ? nearest(prefix, {"syscall", "guest"}) : std::vector<std::string>();
    if (!meant.empty())
        return fmt::format("\"{}\" does not say what is entered; did you mean \"{}:{}\"?", text,
                           meant.front(), text.substr(prefix.size() + 1));
    if (syscall_number(text))
        return fmt::format(
            "\"{0}\" does not say whose; write \"syscall:{0}\" for the system call, \"MODULE!{0}\" for a "
            "function",
            text);
    return fmt::format("\"{}\" is neither \"MODULE!SYMBOL\" nor \"syscall:NAME\"", text);
}

// A function's entry is all that can be seen of a guest: its calls go through slots that the client can fill.
std::expected<EnterName, std::string> parse_guest(std::string_view text) {
    const std::string_view place = text.substr(guest_prefix.size());
    const size_t mark = place.find('!');
    if (place.starts_with(syscall_prefix))
        return std::unexpected(
            fmt::format("a guest's system calls are those that qemu-user makes for it: write \"{}\"", place));
    if (parse_line(mark == std::string_view::npos ? place : place.substr(mark + 1)))
        return std::unexpected(fmt::format(
            "\"{}\" is a line: in a guest only calls of functions can be seen, \"guest:MODULE!SYMBOL\"",
            text));
    if (parse_offset(place))
        return std::unexpected(
            fmt::format("\"{}\" is an offset: in a guest only calls of functions can be seen, "
                        "\"guest:MODULE!SYMBOL\"",
                        text));
    if (mark == std::string_view::npos)
        return std::unexpected(fmt::format("\"{}\" is not \"guest:MODULE!SYMBOL\"", text));
    const auto function = parse_symbol(place, mark);
    if (!function) return std::unexpected(function.error());
    return GuestFunctionName{*function};
}

}  // namespace

std::expected<EnterName, std::string> parse_enter(std::string_view text) {
    if (text.starts_with(syscall_prefix)) return parse_syscall(text.substr(syscall_prefix.size()));
    if (text.starts_with(guest_prefix)) return parse_guest(text);
    const size_t mark = text.find('!');
    if (mark == std::string_view::npos) {
        if (auto line = parse_line(text)) return std::move(*line);
        if (auto offset = parse_offset(text)) return std::move(*offset);
        return std::unexpected(neither(text));
    }
    if (auto line = parse_line(text.substr(mark + 1))) {
        line->module = file_name(text.substr(0, mark));
        return std::move(*line);
    }
    return parse_symbol(text, mark);
}

std::expected<LeaveName, std::string> parse_leave(std::string_view text) {
    if (text.starts_with(syscall_prefix)) return parse_syscall(text.substr(syscall_prefix.size()));
    if (text.starts_with(guest_prefix))
        return std::unexpected(fmt::format(
            "nobody sees a function of a guest being left: only enter = \"{}\" can be a point", text));
    const size_t mark = text.find('!');
    if (parse_line(mark == std::string_view::npos ? text : text.substr(mark + 1)))
        return std::unexpected(
            fmt::format("\"{}\" is a line, which nobody leaves: name the function, \"MODULE!SYMBOL\"", text));
    if (mark != std::string_view::npos) return parse_symbol(text, mark);
    return std::unexpected(neither(text));
}

std::expected<SymbolName, std::string> parse_function(std::string_view text) {
    if (text.starts_with(guest_prefix))
        return std::unexpected(fmt::format(
            "\"{}\" is a function of a guest, whose code qemu-user translates: it can't be replaced", text));
    if (const size_t mark = text.find('!'); mark != std::string_view::npos) return parse_symbol(text, mark);
    return std::unexpected(fmt::format("\"{}\" is not \"MODULE!SYMBOL\"", text));
}

}  // namespace rehang
