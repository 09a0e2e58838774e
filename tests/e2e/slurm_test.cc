// tools/slurm-campaign against a real Slurm of the test's own: tests/e2e/slurm-cluster.
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

const std::string campaign = std::string(REHANG_TOOLS) + "/slurm-campaign";

bool has_no_slurm() {
    return must_skip() || lacks({"file:/usr/sbin/slurmctld", "file:/usr/sbin/slurmd", "file:/usr/sbin/munged",
                                 "program:sbatch", "program:unshare", "program:python3"});
}

// A shell script in the folder, where a cluster has four processors. $tool is slurm-campaign, and `campaign`
// calls it with this rehang.
Finished in_cluster(const Folder& folder, const std::string& script) {
    const std::string prelude =
        "tool=" + campaign +
        " rehang=" REHANG_PROGRAM
        "\n"
        "campaign() { \"$tool\" --rehang \"$rehang\" \"$@\"; }\n"
        "until_there() { for file in \"$@\"; do until [ -s \"$file\" ]; do sleep 0.1; done; done; }\n"
        "cd \"$1\"\n";
    return run_program(std::string(REHANG_E2E) + "/slurm-cluster",
                       {folder.path(), "/bin/bash", "-euc", prelude + script, "test", folder.path()});
}

// Ends when there is a file "go" beside it.
std::string waits_for_go() {
    return text_of({.name = "x",
                    .argv = R"("/bin/sh", "-c", "until [ -e ${scenario_dir}/go ]; do sleep 0.1; done")",
                    .scenario = "timeout = \"5min\"\n",
                    .expect = "outcome = \"exited\"\nexit = 0"});
}

TEST_CASE("a campaign on a cluster says what one machine would, though some of its jobs are killed") {
    if (has_no_slurm()) return;
    const Folder folder;
    folder.file("s/x.toml", waits_for_go());
    const Finished result = in_cluster(folder, R"sh(
campaign --shards=3 --partition all -- run s --repeat 6 --json all.json --junit=all.xml &
until_there rehang-campaign/printed/shard-{1,2,3} rehang-campaign/job
job=$(<rehang-campaign/job)
scancel ${job}_1
scancel --signal=KILL --full ${job}_2
until [ "$(squeue --noheader --array --format=%K)" = 3 ]; do sleep 0.1; done
touch s/go
wait $!
)sh");
    INFO(result.err);
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("x  6 of 6 as expected, identical"));
    CHECK_THAT(result.err, Contains("shards 1-3 of 3") &&
                               Contains("shard 1 of 3 gave no result: Slurm says CANCELLED") &&
                               Contains("shard 2 of 3 gave no result: Slurm says") &&
                               Contains("shards 1-2 of 3") && !Contains("shard 3 of 3 gave no result"));
    const Json report = Json::parse(read_file(folder.path() + "/all.json").value());
    CHECK(report["runs"].size() == 6);
    CHECK_THAT(read_file(folder.path() + "/all.xml").value(), Contains("tests=\"1\" failures=\"0\""));
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/rehang-campaign/unfinished"));
}

TEST_CASE("a shard that is lost every time is said to be missing; the same command goes on with it") {
    if (has_no_slurm()) return;
    const Folder folder;
    folder.file("s/x.toml", text_of({}));
    const std::string deadly = folder.file("rehang", R"(#!/bin/bash
case "$*" in *"--shard 2/2 --json"*) [ -e mended ] || kill -9 $$ ;; esac
exec )" REHANG_PROGRAM R"( "$@"
)");
    std::filesystem::permissions(deadly, std::filesystem::perms::owner_all);
    const Finished result = in_cluster(folder, R"sh(
rehang=$PWD/rehang
again() { campaign --shards 2 --tries 2 --same -- run s --repeat 4; }
again || echo "status $?"
touch mended
again
again || echo "status $?"
campaign --shards 3 -- run s --repeat 4 || echo "status $?"
)sh");
    INFO(result.err);
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("2 of 2 as expected") && Contains("status 3\n") &&
                               Contains("4 of 4 as expected") && Contains("status 2\nstatus 2\n"));
    CHECK_THAT(result.err, Contains("job 1: shards 1-2 of 2") && Contains("shards 2 of 2") &&
                               Contains("rehang: shard 2 of 2 is missing") &&
                               Contains("this campaign, and it is done") && Contains("another campaign"));
}

TEST_CASE("a soak fails when its runs are not the same, though all are as expected") {
    if (has_no_slurm()) return;
    const Folder folder;
    // The second child comes after one process more or less, at random.
    folder.file(
        "s/x.toml",
        text_of(
            {.name = "x",
             .argv =
                 R"("/bin/sh", "-c", "(n=$(od -An -N1 -tu1 /dev/urandom); [ $n -lt 128 ] || /bin/true; :); /bin/true; :")"}));
    const Finished result = in_cluster(folder, "campaign --shards 2 --same -- run s --repeat 32");
    INFO(result.err);
    CHECK(result.status == 1);
    CHECK_THAT(result.out, Contains("32 of 32 as expected, different"));
    CHECK_THAT(result.err, Contains("the runs were not the same"));
}

TEST_CASE("Ctrl-C cancels the jobs of a campaign") {
    if (has_no_slurm()) return;
    const Folder folder;
    folder.file("s/x.toml", waits_for_go());
    const Finished result = in_cluster(folder, R"sh(
"$tool" --rehang "$rehang" --shards 2 -- run s --repeat 2 &
until_there rehang-campaign/printed/shard-{1,2}
kill -TERM $!
wait $! || echo "status $?"
squeue --noheader
)sh");
    INFO(result.err);
    CHECK(result.status == 0);
    CHECK(result.out == "status 130\n");
    CHECK_THAT(result.err, Contains("interrupted; job 1 is cancelled"));
}

TEST_CASE("a bisect on a cluster goes on from its log when its job is killed") {
    if (has_no_slurm()) return;
    const Folder folder;
    // Versions from 6 on have the bug; 4 and 5 take until there is "go".
    folder.file(
        "s/x.toml",
        text_of(
            {.name = "x",
             .argv =
                 R"("/bin/sh", "-c", "case ${v} in [45]) until [ -e ${scenario_dir}/go ]; do sleep 0.1; done ;; esac; [ ${v} -lt 6 ]")",
             .scenario = "timeout = \"5min\"\n[params]\nv = \"1\"\n",
             .expect = "outcome = \"exited\"\nexit = 1"}));
    const Finished result = in_cluster(folder, R"sh(
campaign -- bisect s/x.toml --param v --versions list:1,2,3,4,5,6,7,8 --good 1 --bad 8 --jobs 2 &
until [ "$(wc -l 2>/dev/null <rehang-campaign/bisect.log)" = 3 ]; do sleep 0.1; done # the question, 8 and 1
squeue --noheader --format='%C processors'
scancel --signal=KILL --full $(<rehang-campaign/job)
touch s/go
wait $!
)sh");
    INFO(result.err);
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("first bad  6") && Contains("2 processors") &&
                               Contains("1  exited with 0  (from the log)"));
    CHECK_THAT(result.err, Contains("job 1: bisect, 2 at a time") && Contains("bisect gave no result") &&
                               Contains("job 2: bisect"));
}

TEST_CASE("what can't be a campaign is said before anything is submitted") {
    const Folder folder;
    folder.file("x.toml", text_of({}));
    struct Misuse {
        std::vector<std::string> words;
        std::string message;
    };
    const auto misuse = GENERATE_COPY(values<Misuse>({
        {.words = {"run", "x.toml"}, .message = "there is no -- before run"},
        {.words = {"--shards", "3"}, .message = "what is to be run comes behind --"},
        {.words = {"--", "check", "x.toml"},
         .message = "only run and bisect can be a campaign, not \"check\""},
        {.words = {"--shards", "x", "--", "run", "x.toml"}, .message = "--shards wants a number, not \"x\""},
        {.words = {"--shards=", "--", "run", "x.toml"}, .message = "--shards wants a number, not \"\""},
        {.words = {"--", "run", "x.toml", "--json"}, .message = "--json wants a value"},
        {.words = {"--", "run", "x.toml", "--shard", "1/2"}, .message = "--shard is for one machine"},
        {.words = {"--", "run", "x.toml", "--jobs", "0"}, .message = "--jobs wants a number, not \"0\""},
        {.words = {"--same", "--", "run", "x.toml", "--json", "-"}, .message = "--same reads the summary"},
    }));
    std::vector<std::string> words = {"--chdir=" + folder.path(), campaign, "--rehang", REHANG_PROGRAM};
    words.insert(words.end(), misuse.words.begin(), misuse.words.end());
    const Finished result = run_program("/usr/bin/env", words);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Contains(misuse.message));
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/rehang-campaign"));
}

}  // namespace
}  // namespace rehang::e2e
