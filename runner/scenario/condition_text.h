// The values of `where` that the runner compares: ranges, paths, what a descriptor is open on.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/call_condition.h"

namespace rehang {

bool is_number(std::string_view text);

// "4096..", "..4095", "1..10": both ends are included. On failure the message.
std::expected<ArgumentRange, std::string> parse_range(std::string_view call, unsigned index,
                                                      std::string_view text);

// The paths that the call is given; with an index, only that one.
std::vector<PathCondition::Argument> path_arguments(std::string_view call,
                                                    std::optional<unsigned> only = std::nullopt);
std::optional<std::string> mistake_in_path_pattern(std::string_view pattern);

// Whether the text is meant as what the descriptor is open on, not as its number.
bool is_descriptor_pattern(std::string_view text);
std::optional<std::string> mistake_in_descriptor_pattern(std::string_view pattern);

// What the user can write instead of a name that the call has not.
std::string argument_names_hint(std::string_view call);

}  // namespace rehang
