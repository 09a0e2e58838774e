// What was said by QMP, and what came back.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/text_layout.h"
#include "report/text_sections.h"

namespace rehang {
namespace {

using Json = nlohmann::json;

constexpr size_t longest_answer = 300;  // lists of what a QEMU can do have thousands; JSON has them

std::string said_text(const QmpExchange& exchange) {
    const Json command = Json::parse(exchange.said, nullptr, false);
    if (!command.is_object() || !command.contains("execute")) return exchange.said;
    std::string text = command["execute"].is_string() ? command["execute"].get<std::string>() : "?";
    if (command.contains("arguments")) text += " " + command["arguments"].dump();
    return text;
}

std::string got_text(const QmpExchange& exchange) {
    if (exchange.got.empty()) return "no answer";
    const Json answer = Json::parse(exchange.got, nullptr, false);
    std::string text = exchange.got;
    if (answer.is_object() && answer.contains("return")) text = answer["return"].dump();
    // By bytes of ASCII: dump() of what was parsed may hold more, which must not be cut within a character.
    size_t end = std::min(text.size(), longest_answer);
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    if (end < text.size()) text = text.substr(0, end) + " …";
    return exchange.wanted.empty() ? text : fmt::format("{}, wanted {}", text, exchange.wanted);
}

std::string conversation_text(const QmpReport& qmp, const TextStyle& style) {
    std::string text = fmt::format("  {} speaks with {}\n", qmp.process, qmp.socket);
    std::vector<std::string> said;
    size_t width = 0;
    for (const QmpExchange& exchange : qmp.exchanges) {
        said.push_back(said_text(exchange));
        width = std::max(width, std::min(columns_of(said.back()), size_t{30}));
    }
    for (size_t i = 0; i < said.size(); ++i) {
        text += wrapped(fmt::format("    {}  ", padded(said[i], width)), got_text(qmp.exchanges[i]), style);
        if (qmp.exchanges[i].got.empty()) break;  // nor were the others answered
    }
    if (!qmp.failed.empty()) text += wrapped("    ", qmp.failed, style);
    return text;
}

}  // namespace

std::string qmp_section(const RunReport& report, const TextStyle& style) {
    if (report.qmp.empty()) return "";
    std::string text = section("QMP", style);
    for (const QmpReport& qmp : report.qmp) text += conversation_text(qmp, style);
    return text;
}

}  // namespace rehang
