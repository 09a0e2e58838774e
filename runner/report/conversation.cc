#include "report/conversation.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rehang {
namespace {

using Json = nlohmann::json;

// Everything that is expected is there; objects may have more members.
bool fits(const Json& got, const Json& expected) {
    if (expected.is_object())
        return got.is_object() && std::ranges::all_of(expected.items(), [&](const auto& member) {
                   return got.contains(member.key()) && fits(got[member.key()], member.value());
               });
    if (expected.is_array())
        return got.is_array() && std::equal(got.begin(), got.end(), expected.begin(), expected.end(), fits);
    return got == expected;
}

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Empty if the answer is as it should be.
std::string missed(const Json& answer, const PlannedQmpCommand& planned) {
    if (planned.error) {
        const Json wanted = {{"error", {{"class", *planned.error}}}};
        return fits(answer, wanted) ? "" : text_of(wanted);
    }
    if (!planned.expect) return answer.contains("return") ? "" : text_of({{"return", Json::object()}});
    const Json wanted = {{"return", Json::parse(*planned.expect)}};
    return fits(answer, wanted) ? "" : text_of(wanted);
}

std::string_view take_line(std::string_view& text) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

}  // namespace

QmpReport read_conversation(const PlannedProcess& speaker, std::string_view printed) {
    QmpReport report{.process = speaker.name, .socket = speaker.qmp->socket, .exchanges = {}};
    for (const PlannedQmpCommand& planned : speaker.qmp->say)
        report.exchanges.push_back({.said = planned.command, .got = {}});
    size_t answered = 0;
    while (!printed.empty()) {
        const Json line = Json::parse(take_line(printed), nullptr, false);
        if (!line.is_object()) continue;
        if (const auto failed = line.find("failed"); failed != line.end() && failed->is_string())
            report.failed = *failed;
        const bool is_answer = line.contains("return") || line.contains("error");
        if (!is_answer || answered == report.exchanges.size()) continue;
        report.exchanges[answered].got = text_of(line);
        report.exchanges[answered].wanted = missed(line, speaker.qmp->say[answered]);
        ++answered;
    }
    return report;
}

}  // namespace rehang
