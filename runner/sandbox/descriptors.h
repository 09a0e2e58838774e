// Descriptors between fork and exec: what a process must not inherit.
#pragma once

#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace rehang {

struct Pipe {
    UniqueFd read, write;
};

// pipe2(2), both ends close-on-exec.
Expected<Pipe> make_pipe();

// Opens /dev/null for each of 0, 1 and 2 that the runner was started without, so that no pipe of ours gets
// such a number.
void fill_standard_descriptors();

// Closes every descriptor of this process but these (close_range(2)). Their owners, if any, live in a copied
// memory that never unwinds.
void keep_only_descriptors(std::vector<int> kept);

}  // namespace rehang
