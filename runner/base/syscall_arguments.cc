#include "base/syscall_arguments.h"

#include <algorithm>

#include "base/syscall_prototypes.h"

namespace rehang {
namespace {

// "#fd", "/filename", "*buf", "+count", "flags"; see syscall_prototypes.h.
SyscallArgument parse_argument(std::string_view word) {
    constexpr std::string_view marks = "#/*+";
    const bool marked = marks.find(word.front()) != std::string_view::npos;
    SyscallArgument argument{.name = std::string(word.substr(marked ? 1 : 0))};
    switch (word.front()) {
        case '#':
            argument.kind = SyscallArgument::Kind::descriptor;
            break;
        case '/':
            argument.kind = SyscallArgument::Kind::path;
            break;
        case '*':
            argument.kind = SyscallArgument::Kind::pointer;
            break;
        default:
            break;
    }
    argument.narrow = !marked || argument.kind == SyscallArgument::Kind::descriptor;
    return argument;
}

std::vector<SyscallArgument> parse_arguments(std::string_view text) {
    std::vector<SyscallArgument> arguments;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        arguments.push_back(parse_argument(word));
    }
    return arguments;
}

const SyscallPrototype* find_prototype(std::string_view call) {
    const auto* const known = std::ranges::find(syscall_prototypes, call, &SyscallPrototype::call);
    return known == syscall_prototypes.end() ? nullptr : known;
}

bool has(const std::vector<SyscallArgument>& arguments, SyscallArgument::Kind kind) {
    return std::ranges::find(arguments, kind, &SyscallArgument::kind) != arguments.end();
}

}  // namespace

std::vector<SyscallArgument> syscall_arguments(std::string_view call) {
    const SyscallPrototype* prototype = find_prototype(call);
    return prototype ? parse_arguments(prototype->arguments) : std::vector<SyscallArgument>();
}

bool has_prototype(std::string_view call) {
    return find_prototype(call) != nullptr;
}

std::vector<std::string> calls_with(SyscallArgument::Kind kind) {
    std::vector<std::string> calls;
    for (const SyscallPrototype& prototype : syscall_prototypes)
        if (has(parse_arguments(prototype.arguments), kind)) calls.emplace_back(prototype.call);
    return calls;
}

}  // namespace rehang
