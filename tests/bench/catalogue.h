// The scenarios to measure, and what `rehang run` says of them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "plan/plan.h"

namespace rehang::bench {

struct Where {
    std::string rehang;     // the program
    std::string targets;    // folder
    std::string scenarios;  // folder
    std::string programs;   // folder of the programs of tests/programs that are for benchmarks
};

// One combination of a scenario's matrix.
struct Entry {
    std::string label;  // the scenario's name, with the values of its matrix
    Plan plan;
    std::vector<std::string> set;  // NAME=VALUE, for --set
};

// Every scenario below the folder that can run here, by path: those whose programs do what they do by
// themselves, too, or also those with fakes, which answer only in a run. Errors: a broken one.
enum class Fakes { none, some };
Expected<std::vector<Entry>> read_catalogue(const Where& where, Fakes fakes = Fakes::none);

// The runs of `rehang run FILE --repeat N`, as its JSON has them. Errors: it did not run, or what came out
// was not as expected (then times would be those of something else).
Expected<nlohmann::json> run_rehang(const Where& where, const std::string& file,
                                    const std::vector<std::string>& set, int repeat);

}  // namespace rehang::bench
