#include "scenario/event_kind.h"

#include <array>
#include <utility>

namespace rehang {
namespace {

constexpr std::array<std::pair<EventKind, std::string_view>, 14> kinds = {{{EventKind::born, "born"},
                                                                           {EventKind::exec, "exec"},
                                                                           {EventKind::point, "point"},
                                                                           {EventKind::held, "held"},
                                                                           {EventKind::released, "released"},
                                                                           {EventKind::fault, "fault"},
                                                                           {EventKind::fake, "fake"},
                                                                           {EventKind::syscall, "syscall"},
                                                                           {EventKind::output, "output"},
                                                                           {EventKind::signal, "signal"},
                                                                           {EventKind::stopped, "stopped"},
                                                                           {EventKind::ended, "ended"},
                                                                           {EventKind::look, "look"},
                                                                           {EventKind::verdict, "verdict"}}};

}  // namespace

std::string_view to_text(EventKind kind) {
    for (const auto& [known, text] : kinds)
        if (known == kind) return text;
    return "?";
}

std::optional<EventKind> parse_event_kind(std::string_view text) {
    for (const auto& [kind, known] : kinds)
        if (known == text) return kind;
    return std::nullopt;
}

}  // namespace rehang
