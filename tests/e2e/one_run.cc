#include "one_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "scenario_text.h"

namespace rehang::e2e {

namespace fs = std::filesystem;

namespace {

// All targets have the folder's name in their environment.
void check_nothing_left(const std::string& folder) {
    std::error_code gone;
    for (const auto& process : fs::directory_iterator("/proc", gone)) {
        const std::string environment = read_file_or_empty(process.path().string() + "/environ");
        if (environment.contains("REHANG_TEST_FOLDER=" + folder))
            FAIL_CHECK("this process is left: " << process.path() << " "
                                                << read_file_or_empty(process.path().string() + "/cmdline"));
    }
    CHECK_FALSE(read_file_or_empty("/proc/self/mountinfo").contains(folder));
}

std::vector<std::string> files_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(folder)) names.push_back(file.path().filename());
    std::ranges::sort(names);
    return names;
}

}  // namespace

nlohmann::json report_of(const OneRun& run) {
    const Folder folder;
    // Next to the scenario, since they may have been built below a folder that is private in the sandbox.
    for (const auto& file : fs::directory_iterator(REHANG_TEST_PROGRAMS))
        if (file.is_regular_file() && run.argv.contains('/' + file.path().filename().string() + '"'))
            fs::copy_file(file.path(), fs::path(folder.path()) / file.path().filename());
    const std::string scenario = folder.file(
        "one.toml", text_of({.name = "one",
                             .argv = run.argv,
                             .scenario = fmt::format("timeout = \"{}\"\n[sandbox]\nlimits = {{{}}}\n",
                                                     run.timeout, run.limits),
                             .process = "env = { REHANG_TEST_FOLDER = \"${scenario_dir}\" }\n",
                             .rest = run.rest + "\n",
                             .expect = run.expect}));
    const auto files = files_in(folder.path());
    const Finished result = rehang({"run", scenario, "--json", "-"});
    INFO(result.err);
    check_nothing_left(folder.path());
    CHECK(files_in(folder.path()) == files);
    REQUIRE_FALSE(result.out.empty());
    const auto document = nlohmann::json::parse(result.out);
    INFO(document.dump(2));
    REQUIRE(document["runs"].size() == 1);
    return document["runs"][0];
}

bool has_note(const nlohmann::json& run, const std::string& part) {
    return std::ranges::any_of(run["notes"], [&](const std::string& note) { return note.contains(part); });
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
