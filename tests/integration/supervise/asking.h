// Processes whose calls are asked about, with nobody tracing them.
#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"

namespace rehang::test {

struct Pipe {
    Pipe();
    ~Pipe();
    void put(int value) const;
    int take() const;
    int ends[2] = {};
};

// Two processes under one filter that asks about getppid: each makes the call when it is told to, and ends
// with the errno.
struct TwoCallers {
    TwoCallers();
    ~TwoCallers();
    int status_of_second();

    Pipe told, first_goes, second_goes;
    pid_t parent = 0, first = 0, second = 0;
    UniqueFd listener;
};

bool is_asked(int listener);

}  // namespace rehang::test
