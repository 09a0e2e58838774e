// A value with its place in the file.
#pragma once

#include <string>
#include <vector>

#include "scenario/diagnostic.h"

namespace rehang {

template <class T>
struct Located {
    T value{};
    Span at;
};

// Text that may hold ${parameter} references; plan/ puts them in.
using Text = Located<std::string>;
using Texts = std::vector<Text>;

}  // namespace rehang
