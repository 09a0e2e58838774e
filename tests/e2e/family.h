// Who there is below a rehang that runs.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace rehang::e2e {

struct Relative {
    int pid = 0;
    std::string name;
    char state = '?';
};

// rehang itself first, then its first worker.
std::vector<Relative> family_of(const Running& run);
// One of that name is in one of these states (proc(5), stat).
bool has(const std::vector<Relative>& family, const std::string& name, const std::string& states);
// Of a family that was seen before: fails if one of them does not end.
void check_that_nobody_is_left(const std::vector<Relative>& family);

}  // namespace rehang::e2e
