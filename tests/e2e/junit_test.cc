// The JUnit files that `run` and `merge` write, judged by a schema of what Ant and Jenkins take.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

void check_valid(const std::string& junit) {
    const Finished judged = run_program(
        "/usr/bin/xmllint", {"--noout", "--schema", std::string(REHANG_E2E) + "/junit.xsd", junit});
    INFO(judged.err << read_file_or_empty(junit));
    CHECK(judged.status == 0);
}

// Prints the parameter `text` and exits with `code`; 0 is expected, and that it prints something else.
std::string prints(const std::string& name, const std::string& needs = {}) {
    return text_of({.name = name,
                    .argv = R"("/bin/sh", "-c", "printf '%b' \"$1\"; exit ${code}", "sh", "${text}")",
                    .scenario = needs + "[params]\ncode = \"0\"\ntext = \"plain\"\n",
                    .expect = "outcome = \"exited\"\nexit = 0\n[control]\nset = { code = \"0\" }\n"
                              "outcome = \"exited\"\nstdout = [\"plain\"]"});
}

TEST_CASE("JUnit files are valid, whatever came out and whatever was printed") {
    if (must_skip() || lacks({"program:xmllint"})) return;
    const Folder folder;
    const std::string junit = folder.path() + "/r.xml", scenario = folder.file("x.toml", prints("x"));
    const auto ran = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "run");
        words.insert(words.end(), {"--junit", junit, "--quiet"});
        return rehang(words).status;
    };
    SECTION("as expected") {
        CHECK(ran({scenario}) == 0);
        CHECK_THAT(read_file(junit).value(), Contains("tests=\"2\" failures=\"0\""));
    }
    SECTION("repeated, with a matrix, one of whose values fails") {
        CHECK(ran({scenario, "--repeat", "2", "--matrix", "code=0,3"}) == 1);
        CHECK_THAT(read_file(junit).value(), Contains("tests=\"3\" failures=\"1\""));
    }
    SECTION("control characters, what ends a CDATA section, and bytes that are not UTF-8") {
        CHECK(ran({scenario, "--matrix",
                   "text=\\033[1m\\001\\0,]]>&<\"',\\0377\\0303,\x1b[1m\x01,\xc3\xa4 \xe2\x9c\x97", "--set",
                   "code=1"}) == 1);
        CHECK_THAT(read_file(junit).value(), Contains("tests=\"10\" failures=\"10\""));
    }
    SECTION("this host can't run it") {
        CHECK(ran({folder.file("y.toml", prints("y", "needs = [\"program:no-such-thing\"]\n"))}) == 125);
        CHECK_THAT(read_file(junit).value(), Contains("skipped=\"2\""));
    }
    SECTION("a file whose name is no UTF-8, or nothing") {
        CHECK(ran({folder.file("\xff.toml", prints("x")), "--set", "code=1"}) != 0);
        check_valid(junit);
        CHECK(rehang({"run", ".toml", "--junit", junit, "--quiet"},
                     std::filesystem::path(folder.file("hidden/.toml", prints("x"))).parent_path().string())
                  .status == 0);
    }
    SECTION("the runner failed") {
        Json failed = Json::parse(R"({"format": 1, "runs": [], "planned": 1})");
        failed["failures"] = {{{"file", "x.toml"},
                               {"scenario", "x"},
                               {"role", "scenario"},
                               {"repeat", 1},
                               {"params", Json::object()},
                               {"error", "can't \x02 fork ]]>"},
                               {"hint", ""}}};
        const Finished merged = rehang({"merge", folder.file("f.json", failed.dump()), "--junit", junit});
        CHECK(merged.status == 3);
        CHECK_THAT(read_file(junit).value(), Contains("errors=\"1\""));
    }
    check_valid(junit);
}

TEST_CASE("the schema of JUnit files refuses what Ant or Jenkins would") {
    if (lacks({"program:xmllint"})) return;
    const Folder folder;
    const auto judged = [&](const std::string& cases) {
        const std::string file = folder.file(
            "x.xml",
            "<testsuites><testsuite id='0' name='n' package='p' hostname='h' timestamp='2026-11-26T14:30:00' "
            "tests='1' failures='0' errors='0' time='0.1'><properties/>" +
                cases + "<system-out/><system-err/></testsuite></testsuites>");
        return run_program("/usr/bin/xmllint",
                           {"--noout", "--schema", std::string(REHANG_E2E) + "/junit.xsd", file})
            .status;
    };
    CHECK(judged("<testcase name='a' classname='b' time='0.001'/>") == 0);
    for (const char* wrong :
         {"<testcase name='a' time='0'/>", "<testcase name='a' classname='' time='0'/>",
          "<testcase name='a' classname='b' time='0.0001'/>",
          "<testcase name='a' classname='b' time='0'><failure message='m'/></testcase>",
          "<testcase name='a' classname='b' time='0'><skipped/><failure type='t'/></testcase>",
          "<testcase name='a' classname='b' time='0' line='3'/>"})
        CHECK(judged(wrong) != 0);
}

}  // namespace
}  // namespace rehang::e2e
