#include "catch.h"
#include "command.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

TEST_CASE("the option --help teaches: commands, exit codes, examples") {
    const Finished help = rehang({"--help"});
    CHECK(help.status == 0);
    for (const char* word : {"run", "check", "list", "doctor", "Exit status", "125"})
        CHECK_THAT(help.out, Contains(word));
    CHECK_THAT(help.out, !Contains("worker"));
    for (const char* command : {"run", "check", "list", "doctor"}) {
        const Finished one = rehang({command, "--help"});
        CHECK(one.status == 0);
        CHECK_THAT(one.out, Contains("Example") && Contains("rehang " + std::string(command)));
    }
}

TEST_CASE("the option --version says one line") {
    const Finished version = rehang({"--version"});
    CHECK(version.status == 0);
    CHECK_THAT(version.out, StartsWith("rehang "));
    CHECK(std::ranges::count(version.out, '\n') == 1);
}

TEST_CASE("misuse is exit status 2, on stderr, with what to do") {
    struct Misuse {
        std::vector<std::string> words;
        std::string message;
    };
    const auto misuse = GENERATE(values<Misuse>(
        {{.words = {}, .message = "Usage: rehang"},
         {.words = {"rnu", "x.toml"}, .message = "unknown command \"rnu\"; did you mean \"run\"?"},
         {.words = {"run"}, .message = "SCENARIO is required"},
         {.words = {"run", "--jsno", "x", "y.toml"},
          .message = "unknown option \"--jsno\"; did you mean \"--json\"?"},
         {.words = {"run", "--repeat", "0", "x.toml"}, .message = "--repeat"},
         {.words = {"run", "--repeat", "many", "x.toml"}, .message = "--repeat"},
         {.words = {"list", "a", "b"}, .message = "unexpected argument \"b\""},
         {.words = {"run", "--set", "novalue", REHANG_SCENARIOS},
          .message = "--set wants K=V, not \"novalue\""}}));
    const Finished result = rehang(misuse.words);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Contains(misuse.message));
}

TEST_CASE("doctor tells each ability of the host, and the exit status whether it is enough") {
    const Finished result = rehang({"doctor"});
    CHECK_THAT(result.out, Contains("user namespaces") && Contains("hardware breakpoints"));
    const bool able = result.out.find("rehang can run here") != std::string::npos;
    CHECK(result.status == (able ? 0 : 125));
}

}  // namespace
}  // namespace rehang::e2e
