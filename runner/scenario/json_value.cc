#include "scenario/json_value.h"

#include <fmt/format.h>

#include <cmath>

#include "base/quoted.h"

namespace rehang {
namespace {

class ToJson {
  public:
    explicit ToJson(Problems& problems) : problems_(problems) {}

    JsonValue value(const TomlNode& node) const {
        return std::visit([&](const auto& held) { return value(node.at, held); }, node.value);
    }

  private:
    JsonValue value(Span at, const std::string& text) const { return {Text{text, at}}; }
    JsonValue value(Span, std::int64_t number) const { return {number}; }
    JsonValue value(Span, bool flag) const { return {flag}; }
    JsonValue value(Span at, double number) const {
        if (std::isfinite(number)) return {number};
        problems_.error(at, "JSON has no such number");
        return {0.0};
    }
    JsonValue value(Span at, TomlDate) const {
        problems_.error(at, "JSON has no dates", "write it as text in quotes");
        return {false};
    }
    JsonValue value(Span, const TomlArray& array) const {
        std::vector<JsonValue> elements;
        for (const TomlNode& node : array) elements.push_back(value(node));
        return {std::move(elements)};
    }
    JsonValue value(Span, const TomlTable& table) const {
        std::vector<JsonMember> members;
        for (const TomlEntry& entry : table) members.push_back({entry.key, value(entry.node)});
        return {std::move(members)};
    }

    Problems& problems_;
};

std::string json(const Text& text) {
    return quoted(text.value);
}
std::string json(std::int64_t number) {
    return fmt::format("{}", number);
}
std::string json(double number) {
    return fmt::format("{}", number);
}
std::string json(bool flag) {
    return flag ? "true" : "false";
}
std::string json(const std::vector<JsonValue>& elements) {
    std::string text;
    for (const JsonValue& element : elements) text += (text.empty() ? "" : ",") + to_json(element);
    return "[" + text + "]";
}
std::string json(const std::vector<JsonMember>& members) {
    std::string text;
    for (const auto& [key, value] : members)
        text += fmt::format("{}{}:{}", text.empty() ? "" : ",", quoted(key), to_json(value));
    return "{" + text + "}";
}

}  // namespace

JsonValue json_value(const TomlNode& node, Problems& problems) {
    return ToJson(problems).value(node);
}

std::string to_json(const JsonValue& value) {
    return std::visit([](const auto& held) { return json(held); }, value.value);
}

}  // namespace rehang
