#include "campaign/annotations.h"

#include "catch.h"
#include "example_runs.h"

namespace rehang {
namespace {

using Catch::Matchers::StartsWith;

TEST_CASE("GitHub is told of what is not as expected, a line each") {
    Tallies tallies;
    tallies.add(good_run());
    tallies.add(bad_run({{"lib", "a,b:c"}}));
    const std::string text = github_annotations(tallies.all());
    CHECK_THAT(text, StartsWith("::error file=scenarios/libc/x.toml,title=x lib=a%2Cb%3Ac::the outcome is hung, "
                                "not exited%0A%0A"));
    CHECK(text.ends_with('\n'));
    CHECK(std::ranges::count(text, '\n') == 1);
}

TEST_CASE("what can't run on the CI's machine is a notice") {
    Tallies tallies;
    tallies.add(unsupported_run());
    CHECK_THAT(github_annotations(tallies.all()), StartsWith("::notice file=scenarios/libc/x.toml,title=x::"));
}

}  // namespace
}  // namespace rehang
