// A value of a scenario that is passed on as JSON: what QMP is told, and what it should answer.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "scenario/located.h"
#include "scenario/problems.h"
#include "scenario/toml_tree.h"

namespace rehang {

struct JsonValue;
struct JsonMember;

struct JsonValue {
    std::variant<Text, std::int64_t, double, bool, std::vector<JsonValue>, std::vector<JsonMember>> value;
};

struct JsonMember {
    std::string key;
    JsonValue value;
};

// Dates, and numbers that JSON does not have, are reported.
JsonValue json_value(const TomlNode& node, Problems& problems);
// On one line.
std::string to_json(const JsonValue& value);

template <class Value, class Visit>
void for_each_text_of(Value& json, const Visit& visit) {
    if (auto* text = std::get_if<Text>(&json.value)) visit(*text);
    if (auto* elements = std::get_if<std::vector<JsonValue>>(&json.value))
        for (auto& element : *elements) for_each_text_of(element, visit);
    if (auto* members = std::get_if<std::vector<JsonMember>>(&json.value))
        for (auto& member : *members) for_each_text_of(member.value, visit);
}

}  // namespace rehang
