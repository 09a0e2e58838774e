#include "scenario/condition_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "base/suggest.h"
#include "base/syscall_arguments.h"

namespace rehang {
namespace {

constexpr std::string_view range_mark = "..";
constexpr std::string_view wildcards = "*?[";
constexpr unsigned int_bits = 32;
constexpr unsigned register_bits = 64;

// "" for an end that is open.
std::expected<std::uint64_t, std::string> end_of_range(std::string_view text, std::uint64_t open) {
    if (text.empty()) return open;
    if (text.starts_with('-'))
        return std::unexpected(fmt::format("{} can't end a range: its numbers have no sign", text));
    return parse_number_or_constant(text);
}

}  // namespace

bool is_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

std::expected<ArgumentRange, std::string> parse_range(std::string_view call, unsigned index,
                                                      std::string_view text) {
    const auto arguments = syscall_arguments(call);
    const bool narrow = index < arguments.size() && arguments[index].narrow;
    const unsigned bits = narrow ? int_bits : register_bits;
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() >> (register_bits - bits);
    const size_t mark = text.find(range_mark);
    const auto least = end_of_range(text.substr(0, mark), 0);
    const auto last = end_of_range(text.substr(mark + range_mark.size()), most);
    if (!least || !last) return std::unexpected(least ? last.error() : least.error());
    if (*least > most || *last > most)
        return std::unexpected(fmt::format("{} can't be in {}: it has {} bits",
                                           index < arguments.size() ? arguments[index].name : "it", text,
                                           bits));
    if (*least > *last) return std::unexpected(fmt::format("nothing is in {}", text));
    if (*least == 0 && *last == most) return std::unexpected(fmt::format("everything is in {}", text));
    return ArgumentRange{.index = index, .mask = most, .least = *least, .most = *last};
}

std::vector<PathCondition::Argument> path_arguments(std::string_view call, std::optional<unsigned> only) {
    std::vector<PathCondition::Argument> paths;
    const auto arguments = syscall_arguments(call);
    for (unsigned i = 0; i < arguments.size(); ++i) {
        if (arguments[i].kind != SyscallArgument::Kind::path || (only && *only != i)) continue;
        PathCondition::Argument path{.path = i, .folder = {}};
        if (i > 0 && arguments[i - 1].kind == SyscallArgument::Kind::descriptor &&
            arguments[i - 1].name.ends_with("dfd"))
            path.folder = i - 1;
        paths.push_back(path);
    }
    return paths;
}

std::optional<std::string> mistake_in_path_pattern(std::string_view pattern) {
    const std::string whole = fmt::format("{}/", pattern);
    if (whole.find("/../") != std::string::npos || whole.find("/./") != std::string::npos)
        return fmt::format("\"{}\" fits no path: they are compared without \".\" and \"..\"", pattern);
    if (!pattern.empty() && (pattern.front() == '/' || wildcards.contains(pattern.front())))
        return std::nullopt;
    return fmt::format(
        "\"{0}\" fits no path: they are compared as absolute ones; write \"*/{0}\" or begin with \"/\"",
        pattern);
}

bool is_descriptor_pattern(std::string_view text) {
    const bool like_a_constant = std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '|' || c == '&' ||
               c == ' ';
    });
    return !like_a_constant && !is_number(text) && !text.starts_with("..");
}

std::optional<std::string> mistake_in_descriptor_pattern(std::string_view pattern) {
    static const std::vector<std::string> kinds = {"pipe", "socket", "anon_inode", "tcp",
                                                   "udp",  "ip",     "unix"};
    if (pattern.front() == '/' || wildcards.contains(pattern.front())) return std::nullopt;
    const std::string kind(pattern.substr(0, pattern.find_first_of(":*?[")));
    if (std::ranges::find(kinds, kind) != kinds.end()) return std::nullopt;
    return fmt::format("no descriptor is open on \"{}\"{}; write a path (\"/dev/*\"), or what begins with {}",
                       pattern, did_you_mean(kind, kinds), fmt::join(kinds, ", "));
}

std::string argument_names_hint(std::string_view call) {
    std::string names;
    for (const SyscallArgument& argument : syscall_arguments(call))
        names += fmt::format("{}{}", names.empty() ? "" : ", ", argument.name);
    if (names.empty() && has_prototype(call)) return fmt::format("{} has no arguments", call);
    return names.empty() ? "write arg0 to arg5: names are known of the most used calls only"
                         : fmt::format("its arguments are {}; arg0 to arg5 work too", names);
}

}  // namespace rehang
