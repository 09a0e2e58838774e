// The names of processes, points or parameters, for look-ups and suggestions.
#pragma once

#include <string>
#include <vector>

namespace rehang {

template <class Declarations>
std::vector<std::string> names_of(const Declarations& declarations) {
    std::vector<std::string> names;
    names.reserve(declarations.size());
    for (const auto& declared : declarations) names.push_back(declared.name.value);
    return names;
}

}  // namespace rehang
