// Runs a helper command to its end and keeps what it prints.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace rehang::bench {

struct Finished {
    int exit = 0;        // the number of the signal where one ended it
    std::string output;  // standard output; standard error is dropped
    double ms = 0;       // from before the fork to the end of file
    double cpu_ms = 0;   // of it and all that it has waited for
    long peak_kib = 0;   // the largest resident set among all commands so far and what they waited for
};

// argv[0] is looked up in PATH unless it has a slash. Errors: it can't be started.
Expected<Finished> run(const std::vector<std::string>& argv);

}  // namespace rehang::bench
