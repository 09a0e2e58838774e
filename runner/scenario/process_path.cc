#include "scenario/process_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace rehang {
namespace {

std::optional<unsigned> parse_number(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<unsigned> parse_count(std::string_view text) {
    const auto number = parse_number(text);
    return number == 0U ? std::nullopt : number;
}

}  // namespace

std::optional<ProcessPath> ProcessPath::parse(std::string_view text) {
    ProcessPath path;
    if (const size_t at = text.find('@'); at != std::string_view::npos) {
        constexpr std::string_view mark = "@exec";
        if (!text.substr(at).starts_with(mark)) return std::nullopt;
        path.exec = parse_number(text.substr(at + mark.size()));
        if (!path.exec) return std::nullopt;
        text = text.substr(0, at);
    }
    const size_t slash = text.find('/');
    path.root = text.substr(0, slash);
    if (path.root.empty()) return std::nullopt;
    while (text.find('/') != std::string_view::npos) {
        text.remove_prefix(text.find('/') + 1);
        const auto fork = parse_count(text.substr(0, text.find('/')));
        if (!fork) return std::nullopt;
        path.forks.push_back(*fork);
    }
    return path;
}

std::string ProcessPath::place() const {
    std::string text = root;
    for (const unsigned fork : forks) text += fmt::format("/{}", fork);
    return text;
}

std::string ProcessPath::text() const {
    return exec ? fmt::format("{}@exec{}", place(), *exec) : place();
}

bool ProcessPath::covers(const ProcessPath& other) const {
    return root == other.root && forks.size() <= other.forks.size() &&
           std::ranges::equal(forks,
                              std::vector(other.forks.begin(),
                                          other.forks.begin() + static_cast<std::ptrdiff_t>(forks.size())));
}

std::optional<ThreadSelector> ThreadSelector::parse(std::string_view text) {
    if (text == "any") return ThreadSelector{};
    if (text == "main") return ThreadSelector{.kind = Kind::main, .name = {}};
    if (text == "!main") return ThreadSelector{.kind = Kind::not_main, .name = {}};
    if (text.starts_with("name:") && text.size() > 5)
        return ThreadSelector{.kind = Kind::name, .name = std::string(text.substr(5))};
    if (text.starts_with("nth:"))
        if (const auto nth = parse_count(text.substr(4)))
            return ThreadSelector{.kind = Kind::nth, .name = {}, .nth = *nth};
    return std::nullopt;
}

std::string ThreadSelector::text() const {
    switch (kind) {
        case Kind::any:
            return "any";
        case Kind::main:
            return "main";
        case Kind::not_main:
            return "!main";
        case Kind::name:
            return fmt::format("name:{}", name);
        case Kind::nth:
            return fmt::format("nth:{}", nth);
    }
    return "?";
}

bool ThreadSelector::matches(std::string_view thread_name, unsigned thread_nth) const {
    switch (kind) {
        case Kind::any:
            return true;
        case Kind::main:
            return thread_nth == 1;
        case Kind::not_main:
            return thread_nth != 1;
        case Kind::name:
            return thread_name == name;
        case Kind::nth:
            return thread_nth == nth;
    }
    return false;
}

}  // namespace rehang
