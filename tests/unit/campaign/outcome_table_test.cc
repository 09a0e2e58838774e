#include "campaign/outcome_table.h"

#include "catch.h"
#include "example_runs.h"

namespace rehang {
namespace {

TEST_CASE("a scenario without parameters that vary has no table") {
    Tallies tallies;
    tallies.add(good_run({{"lib", "a"}}));
    tallies.add(bad_run({{"lib", "a"}}));
    CHECK(outcome_tables(tallies.all()).empty());
}

TEST_CASE("of one parameter each value is a row, beside it the control") {
    Tallies tallies;
    tallies.add(bad_run({{"fixed", "1"}, {"lib", "a"}}));
    tallies.add(good_run({{"fixed", "1"}, {"lib", "a"}}, Role::control));
    tallies.add(good_run({{"fixed", "1"}, {"lib", "b|c"}}));
    const auto tables = outcome_tables(tallies.all());
    CHECK(render_tables(tables, {}) == "\nx\n"
                                       "  lib scenario             control\n"
                                       "  a   hung: inherited-lock exited with 0\n"
                                       "  b|c exited with 0        –\n");
    CHECK(markdown_tables(tables) == "### x\n\n"
                                     "| lib | scenario | control |\n"
                                     "| --- | --- | --- |\n"
                                     "| a | ❌ hung: inherited-lock | exited with 0 |\n"
                                     "| b\\|c | exited with 0 | – |\n");
}

TEST_CASE("of several parameters the one that turns fastest makes the columns") {
    Tallies tallies;
    for (const char* lib : {"b", "a"})
        for (const char* hazard : {"malloc", "free"}) {
            tallies.add(good_run({{"z_lib", lib}, {"hazard", hazard}}));
            tallies.add(good_run({{"z_lib", lib}, {"hazard", hazard}}, Role::control));
        }
    tallies.add(bad_run({{"z_lib", "a"}, {"hazard", "free"}}));
    CHECK(render_tables(outcome_tables(tallies.all()), {}) ==
          "\nx\n"
          "  z_lib hazard=malloc hazard=free\n"
          "  b     exited with 0 exited with 0\n"
          "  a     exited with 0 exited with 0 1, hung: inherited-lock 1\n"
          "\nx (control)\n"
          "  z_lib hazard=malloc hazard=free\n"
          "  b     exited with 0 exited with 0\n"
          "  a     exited with 0 exited with 0\n");
}

TEST_CASE("a summary in Markdown has a row for each") {
    Tallies tallies;
    tallies.add(good_run());
    tallies.add(bad_run({}, Role::control));
    CHECK(markdown_summary(tallies.all()) == "|  | scenario | as expected | outcome |\n"
                                             "| --- | --- | --- | --- |\n"
                                             "| ✅ | x | 1 of 1 | exited with 0 |\n"
                                             "| ❌ | x (control) | 0 of 1 | hung: inherited-lock |\n");
}

}  // namespace
}  // namespace rehang
