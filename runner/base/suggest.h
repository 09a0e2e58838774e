// "did you mean …?": the nearest of the names that exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rehang {

// Up to `most` candidates that a typing mistake could have turned into `written`, nearest first; equal ones
// in the order given. Near: at most a third of the longer name's letters inserted, deleted, replaced or
// swapped, or `written` is a part of it.
std::vector<std::string> nearest(std::string_view written, const std::vector<std::string>& candidates,
                                 size_t most = 1);

// `; did you mean "X"?`, or "" when nothing is near. Starts with the separator so that it can be appended to
// a message.
std::string did_you_mean(std::string_view written, const std::vector<std::string>& candidates);

}  // namespace rehang
