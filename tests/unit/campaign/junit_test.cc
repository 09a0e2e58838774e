#include "campaign/junit.h"

#include <pugixml.hpp>

#include "catch.h"
#include "example_runs.h"

namespace rehang {
namespace {

using Catch::Matchers::Contains;

const JUnitOrigin origin = {.hostname = "ci", .timestamp = "2026-11-26T14:30:00", .rehang = "1.0"};

pugi::xml_document parsed(const Tallies& tallies) {
    pugi::xml_document document;
    REQUIRE(document.load_string(junit_xml(tallies.all(), origin).c_str()));
    return document;
}

TEST_CASE("a scenario and its control are two cases of a JUnit file") {
    Tallies tallies;
    tallies.add(good_run({{"lib", "a"}}));
    tallies.add(good_run({{"lib", "a"}}));
    tallies.add(good_run({{"lib", "a"}}, Role::control));
    CHECK(junit_xml(tallies.all(), origin) == R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite id="0" name="rehang" package="rehang" hostname="ci" timestamp="2026-11-26T14:30:00" tests="2" failures="0" errors="0" skipped="0" time="0.030">
    <properties>
      <property name="rehang" value="1.0" />
    </properties>
    <testcase classname="scenarios.libc.x" name="x lib=a" time="0.020" />
    <testcase classname="scenarios.libc.x" name="x lib=a (control)" time="0.010" />
    <system-out />
    <system-err />
  </testsuite>
</testsuites>
)xml");
}

TEST_CASE("a case fails when one of its runs does, with the explanation of the first that did") {
    Tallies tallies;
    tallies.add(good_run());
    tallies.add(bad_run());
    tallies.add(bad_run());
    const auto document = parsed(tallies);
    const auto suite = document.child("testsuites").child("testsuite");
    CHECK(suite.attribute("failures").as_int() == 1);
    const auto failure = suite.child("testcase").child("failure");
    CHECK(failure.attribute("message").value() ==
          std::string("1 of 3 runs as expected: the outcome is hung, not exited"));
    CHECK(failure.attribute("type").value() == std::string("hung: inherited-lock 2, exited with 0 1"));
    CHECK_THAT(failure.child_value(), Contains("the lock <tz_lock> & its owner"));
}

TEST_CASE("what this host can't run is skipped, what the runner could not do is an error") {
    Tallies tallies;
    tallies.add(unsupported_run());
    tallies.add(
        FailedRun{.file = "y.toml", .scenario = "y", .error = {.what = "can't fork", .hint = "limits"}});
    const auto document = parsed(tallies);
    const auto suite = document.child("testsuites").child("testsuite");
    CHECK(suite.attribute("skipped").as_int() == 1);
    CHECK(suite.attribute("errors").as_int() == 1);
    CHECK(suite.attribute("failures").as_int() == 0);
    CHECK_THAT(suite.child("testcase").child("skipped").attribute("message").value(), Contains("install jq"));
    CHECK(suite.find_child_by_attribute("testcase", "classname", "y")
              .child("error")
              .attribute("message")
              .value() == std::string("can't fork"));
}

TEST_CASE("characters that XML has not do not spoil the file") {
    Tallies tallies;
    RunReport run = bad_run();
    run.mismatches = {"\x1b[1mred\x1b[0m\x01\xef\xbf\xbf\n\tend"};
    tallies.add(run);
    const std::string text = junit_xml(tallies.all(), origin);
    for (const char* wrong : {"\x1b", "\x01", "\xef\xbf\xbf", "&#x1B;", "&#1;", "&#27;"})
        CHECK_THAT(text, !Contains(wrong));
    CHECK_THAT(text, Contains("\xef\xbf\xbd[1mred"));
    parsed(tallies);
}

}  // namespace
}  // namespace rehang
