#include "fixtures.h"

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "catch.h"
#include "match/backtrace.h"
#include "report/json.h"

namespace rehang {

std::string recorded(const std::string& name) {
    auto text = read_file(REHANG_BACKTRACES "/" + name);
    REQUIRE(text);
    return *text;
}

Sighting recorded_backtrace(const std::string& name) {
    return read_backtrace(recorded(name), name);
}

RunReport recorded_report(const std::string& name) {
    auto report = run_from_json(nlohmann::json::parse(recorded(name))["runs"][0]);
    REQUIRE(report);
    return *report;
}

}  // namespace rehang
