#include "report/timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/text_layout.h"

namespace rehang {
namespace {

constexpr size_t most_rows = 400;  // the JSON report has them all
constexpr size_t widest_place = 32;

std::string place_text(const PlaceReport& place) {
    if (place.process.empty()) return "rehang";
    return place.nth == 0 ? place.process : fmt::format("{} {}", place.process, thread_text(place));
}

std::string by_text(const EventReport& event, std::string_view before) {
    return event.by.process.empty() ? "" : fmt::format("{}{}", before, place_text(event.by));
}

std::string with(std::string_view text, std::string_view more) {
    return more.empty() ? std::string(text) : fmt::format("{} {}", text, more);
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string clean;
    for (const char c : text) {
        if (c == '\n')
            clean += "\\n";
        else if (c == '\t')
            clean += "\\t";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            clean += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            clean += c;
    }
    return clean;
}

std::string thread_text(const PlaceReport& place) {
    if (place.nth == 0) return "";
    return place.nth == 1 ? "main" : fmt::format("thread {}", place.nth);
}

std::string event_text(const EventReport& event) {
    switch (event.kind) {
        case EventKind::born:
            return "is born" + by_text(event, " of ");
        case EventKind::exec:
            return "executes " + escaped(event.name);
        case EventKind::point:
            return fmt::format("reaches the point {}", event.name);
        case EventKind::held:
            return fmt::format("is held at {}", event.name);
        case EventKind::released:
            return event.text.empty()
                       ? fmt::format("goes on: {} was reached", event.name) + by_text(event, " by ")
                       : fmt::format("goes on: {} is {}", event.name, event.text);
        case EventKind::fault:
            return event.text.empty() ? fmt::format("the fault {} is put in place", event.name)
                                      : fmt::format("the fault {} {}", event.name, event.text);
        case EventKind::fake:
        case EventKind::syscall:
            return with(event.name, event.text);
        case EventKind::output:
            return fmt::format("{}: {}", event.name, escaped(event.text));
        case EventKind::signal:
            return "gets " + event.name;
        case EventKind::stopped:
            return "is stopped by " + event.name;
        case EventKind::ended:
            return event.name == "process" ? with("ends", event.text) : "thread ends";
        case EventKind::look:
            return "looks: " + event.name;
        case EventKind::verdict:
            return event.name;
    }
    return "?";
}

std::string timeline_section(const RunReport& report, const TextStyle& style) {
    if (report.events.empty()) return "";
    size_t places = 0;
    for (const EventReport& event : report.events)
        places = std::max(places, std::min(columns_of(place_text(event.who)), widest_place));
    std::string text = section("Timeline", style);
    const size_t shown = std::min(report.events.size(), most_rows);
    for (size_t i = 0; i < shown; ++i) {
        const EventReport& event = report.events[i];
        const std::string lead =
            fmt::format("  {:>9.2f} ms  {}  ", event.ms, padded(place_text(event.who), places));
        text += wrapped(lead, event_text(event), style);
    }
    if (shown < report.events.size())
        text += painted(fmt::format("  … {} more: --json has them all\n", report.events.size() - shown),
                        Tone::faint, style);
    return text;
}

}  // namespace rehang
