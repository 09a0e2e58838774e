// One run of one [[process]], for tests that are about what a program does and not about the scenario around
// it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rehang::e2e {

struct OneRun {
    std::string argv;             // as TOML: "'/bin/true'"; see program()
    std::string timeout = "60s";  // far beyond what the run takes
    std::string limits = {};      // of [sandbox], as TOML
    std::string rest = {};        // points, holds, faults
    std::string expect = "outcome = \"exited\"";
};

// The run's report as `run --json` writes it. The [[process]] is "p". Checks that nothing of the run is left:
// no process, no mount, no file.
nlohmann::json report_of(const OneRun& run);

// Some note of the report has this part.
bool has_note(const nlohmann::json& run, const std::string& part);

// argv for a shell, and for one of the programs in tests/e2e/programs.
std::string shell(const std::string& commands);
std::string program(const std::string& name, const std::string& argument);

// False, after a warning, where the program was not built because its compiler is missing; a failed check
// with REHANG_MUST_RUN set.
bool was_built(const std::string& program);

}  // namespace rehang::e2e
