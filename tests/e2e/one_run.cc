#include "one_run.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "catch.h"
#include "command.h"

namespace rehang::e2e {

namespace fs = std::filesystem;

nlohmann::json report_of(const OneRun& run) {
    const Folder folder;
    // Next to the scenario, since they may have been built below a folder that is private in the sandbox.
    for (const auto& file : fs::directory_iterator(REHANG_TEST_PROGRAMS))
        if (file.is_regular_file() && run.argv.contains('/' + file.path().filename().string() + '"'))
            fs::copy_file(file.path(), fs::path(folder.path()) / file.path().filename());
    const std::string scenario = folder.file(
        "one.toml", fmt::format("format = 1\n[scenario]\nname = \"one\"\nsummary = \"for a test\"\n"
                                "timeout = \"{}\"\n[sandbox]\nlimits = {{{}}}\n[[process]]\nname = \"p\"\n"
                                "argv = [{}]\n{}\n[expect]\n{}\n",
                                run.timeout, run.limits, run.argv, run.rest, run.expect));
    const Finished result = rehang({"run", scenario, "--json", "-"});
    INFO(result.err);
    REQUIRE_FALSE(result.out.empty());
    const auto document = nlohmann::json::parse(result.out);
    INFO(document.dump(2));
    REQUIRE(document["runs"].size() == 1);
    return document["runs"][0];
}

std::string shell(const std::string& commands) {
    return fmt::format("\"/bin/bash\", \"-c\", '''{}'''", commands);
}

std::string program(const std::string& name, const std::string& argument) {
    return fmt::format("\"${{scenario_dir}}/{}\", \"{}\"", name, argument);
}

bool was_built(const std::string& program) {
    if (fs::exists(fs::path(REHANG_TEST_PROGRAMS) / program)) return true;
    if (std::getenv("REHANG_MUST_RUN")) FAIL(program << " was not built: its compiler is missing");
    WARN("skipped, " << program << " was not built: its compiler is missing (tools/test installs it)");
    return false;
}

}  // namespace rehang::e2e
