// A first scenario for a hang that was seen: what follows from it, and what is to be found out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "match/sighting.h"

namespace rehang {

// How the first process was started, where that can be seen.
struct Started {
    std::vector<std::string> argv;     // empty: not known
    std::vector<std::string> preload;  // LD_PRELOAD
};

// What this host knows of libraries: every function that `module` defines, demangled; none if there is no
// such library here.
using FunctionsOf = std::function<std::vector<std::string>(const std::string& module)>;

// TOML text that `rehang check` has nothing against.
std::string scaffold(const Sighting& seen, const Started& started, const FunctionsOf& functions_of);

}  // namespace rehang
