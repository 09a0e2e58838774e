// Numbers and words of a [[fault]], which are text until parameters are in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/duration.h"
#include "scenario/judging.h"

namespace rehang {

// Each is nothing if the key is not there, can't be judged yet, or is wrong, which is reported.
std::optional<std::int64_t> whole_number(const std::string& key, const std::optional<Text>& text,
                                         std::int64_t least, std::int64_t most, const Judging& judging);
std::optional<double> probability(const std::string& key, const std::optional<Text>& text,
                                  const Judging& judging);
std::optional<Duration> duration(const std::optional<Text>& text, const Judging& judging);

}  // namespace rehang
