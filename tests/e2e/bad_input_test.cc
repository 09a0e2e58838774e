#include "catch.h"
#include "command.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;

const std::string good = text_of({.name = "true"});

void check_broken(const Finished& result, const std::string& message) {
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Contains(message));
}

TEST_CASE("no such file, no such name, no such folder") {
    check_broken(rehang({"run", "nosuch.toml"}), "there is no file nosuch.toml");
    const std::string folder = REHANG_SCENARIOS;
    check_broken(rehang({"run", "daemonize-with-tcmaloc-threads"}, folder + "/.."),
                 "did you mean \"daemonize-with-tcmalloc-threads\"?");
}

TEST_CASE("a folder without scenarios") {
    const Folder empty;
    check_broken(rehang({"run", empty.path()}), "there are no scenarios (*.toml) in " + empty.path());
    check_broken(rehang({"list", empty.path()}), "there are no scenarios");
}

TEST_CASE("a TOML syntax error is told with its line and column") {
    const Folder folder;
    const std::string file = folder.file("x.toml", "format = 1\n[scenario\n");
    check_broken(rehang({"check", file}), file + ":2:");
}

TEST_CASE("ten megabytes of garbage") {
    const Folder folder;
    std::string garbage(10'000'000, '\0');
    unsigned state = 1;
    for (char& c : garbage) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    check_broken(rehang({"run", folder.file("x.toml", garbage)}), "x.toml");
}

TEST_CASE("all mistakes of all files are told before anything runs") {
    const Folder folder;
    folder.file("a.toml", good + "unknwon = 1\n");
    folder.file("b.toml", good);
    folder.file("sub/c.toml", "format = 7\n");
    const Finished result = rehang({"run", folder.path()});
    check_broken(result, "a.toml:10:1");
    CHECK_THAT(result.err, Contains("unknwon") && Contains("sub/c.toml:1:"));
    CHECK_THAT(result.err, !Contains("b.toml"));
}

TEST_CASE("a symbol that the library does not have comes with the nearest ones") {
    const Folder folder;
    const std::string file = folder.file("x.toml", good + R"([point.x]
process = "p"
enter = "libc.so.6!localtme_r"
[[hold]]
at = "x"
until = "y"
[point.y]
process = "p"
exits = true
)");
    check_broken(rehang({"check", file}), "localtime_r");
}

TEST_CASE("a parameter that the scenario does not have") {
    const Folder folder;
    check_broken(rehang({"run", folder.file("x.toml", good), "--set", "nope=1"}),
                 "there is no parameter \"nope\"");
}

TEST_CASE("a report that can't be written is told before anything runs") {
    const Folder folder;
    check_broken(rehang({"run", folder.file("x.toml", good), "--json", "/nosuch/report.json"}),
                 "can't write to /nosuch/report.json");
}

}  // namespace
}  // namespace rehang::e2e
