#include <nlohmann/json.hpp>

#include "catch.h"
#include "command.h"
#include "normal_form.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string catalogue = REHANG_SCENARIOS;

TEST_CASE("list shows the catalogue, check finds no mistakes in it") {
    const Finished list = rehang({"list", catalogue});
    CHECK(list.status == 0);
    for (const char* name :
         {"daemonize-with-tcmalloc-threads", "localtime-lock-at-fork", "daemon-holds-pipe"})
        CHECK_THAT(list.out, Contains(name));
    CHECK_THAT(list.out,
               Contains("hung: inherited-lock") && Contains("hung: held-pipe") && Contains("libtcmalloc"));
    const Finished check = rehang({"check", catalogue});
    CHECK(check.status == 0);
    CHECK_THAT(check.out, Contains("no mistakes"));
}

TEST_CASE("every scenario of the catalogue and its control come out as expected, the same three times") {
    if (must_skip()) return;
    const Finished result = rehang({"run", catalogue, "--repeat", "3", "--json", "-"});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    const Json report = Json::parse(result.out);
    CHECK(report["runs"].size() >= 24);  // three scenarios and a matrix, each with its control
    for (const Json& run : report["runs"]) {
        INFO(run["scenario"] << " " << run["role"] << " #" << run["repeat"]);
        CHECK(run["as_expected"] == true);
        CHECK(run["proven"] == (run["outcome"] == "hung"));
        if (run["role"] == "scenario") CHECK(run["outcome"] == "hung");
    }
}

}  // namespace
}  // namespace rehang::e2e
