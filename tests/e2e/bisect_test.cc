#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;

// Versions are numbers: from 23 on the program ends with 3, which is the bug; `more` is what else it does.
std::string counted(const std::string& more = "") {
    return text_of({.argv = fmt::format(R"("/bin/sh", "-c", "{}test ${{v}} -ge 23 && exit 3; exit 0")", more),
                    .scenario = "[params]\nv = \"1\"\n",
                    .expect = "outcome = \"exited\"\nexit = 3"});
}

std::string list(int from, int to) {
    std::string text = "list:";
    for (int v = from; v <= to; ++v) text += fmt::format("{}{}", v == from ? "" : ",", v);
    return text;
}

std::vector<std::string> question(const std::string& file, const std::string& good, const std::string& bad,
                                  const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"bisect",    file,     "--param", "v",     "--versions",
                                      list(1, 40), "--good", good,      "--bad", bad};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

TEST_CASE("bisect finds the first bad version, and says what it and its neighbours do") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("x.toml", counted());
    const Finished result = rehang(question(file, "1", "40"));
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("first bad  23\n") && Contains("before  22: exited with 0\n") &&
                               Contains("it      exited with 3"));
    CHECK_THAT(result.out, Contains("of 38 versions in "));

    const Finished three = rehang(question(file, "1", "40", {"--jobs", "3"}));
    CHECK_THAT(three.out, Contains("first bad  23\n") && Contains("in 3 rounds"));
}

TEST_CASE("bisect finds the version that mended it") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file(
        "x.toml", text_of({.argv = R"("/bin/sh", "-c", "test ${v} -lt 9 && kill -ABRT $$; exit 0")",
                           .scenario = "[params]\nv = \"1\"\n",
                           .expect = "outcome = \"signaled\"\nsignal = \"SIGABRT\""}));
    const Finished result = rehang(question(file, "40", "1", {"--find", "fix"}));
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("first fixed  9\n") && Contains("before  8: ended by SIGABRT"));
}

TEST_CASE("a version with another crash is skipped, and the answer says between which ones it is") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("x.toml", counted("case ${v} in 22|23) kill -SEGV $$;; esac; "));
    const Finished result = rehang(question(file, "1", "40"));
    CHECK(result.status == 1);
    CHECK_THAT(result.out, Contains("could not be judged") && Contains("another bug (run 3), skipped") &&
                               Contains("\n  22  ended by SIGSEGV") && Contains("\n  24  exited with 3"));
}

TEST_CASE("a bisect that was broken off goes on from its log") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("x.toml", counted()), log = folder.path() + "/bisect.log";
    REQUIRE(rehang(question(file, "1", "40", {"--log", log})).status == 0);
    const std::string whole = read_file(log).value();
    // Three lines: what it is about, and the two ends; then a line that was not finished.
    size_t end = 0;
    for (int line = 0; line < 4; ++line) end = whole.find('\n', end) + 1;
    folder.file("bisect.log", whole.substr(0, end + 9));
    const Finished again = rehang(question(file, "1", "40", {"--log", log}));
    CHECK(again.status == 0);
    CHECK_THAT(again.out, Contains("(from the log)") && Contains("first bad  23\n"));
    CHECK(read_file(log).value() == whole);

    const Finished other = rehang(question(file, "2", "40", {"--log", log}));
    CHECK(other.status == 2);
    CHECK_THAT(other.err, Contains("bisect.log:1: this is the log of another bisect"));
}

TEST_CASE("with noise, a good version that once shows the bug is asked again") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("x.toml", counted()), log = folder.path() + "/bisect.log";
    const Finished result = rehang(question(file, "1", "40", {"--log", log, "--noise", "0.1"}));
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("first bad  23\n") && Contains("  probability 0.99"));
    CHECK_THAT(result.out, !Contains("asked 5 of"));  // 5 would do if no run could be wrong

    // As if the good version had shown it: the line of the bad one, with the other's name.
    const std::string whole = read_file(log).value();
    const size_t bad = whole.find('\n') + 1, end = whole.find('\n', bad) + 1;
    std::string wrong = whole.substr(bad, end - bad);
    wrong.replace(wrong.find("\"40\""), 4, "\"1\"");
    const std::string start = whole.substr(0, end) + wrong;
    folder.file("bisect.log", start);
    const Finished again = rehang(question(file, "1", "40", {"--log", log, "--noise", "0.1"}));
    INFO(again.out << again.err);
    CHECK(again.status == 0);
    CHECK_THAT(again.out, Contains("first bad  23\n"));
    folder.file("bisect.log", start);
    const Finished certain = rehang(question(file, "1", "40", {"--log", log}));
    CHECK(certain.status == 2);
    CHECK_THAT(certain.err, Contains("the good version 1 has the bug, too"));
    // One that has it is told, however often it is asked.
    const Finished really = rehang(question(file, "30", "40", {"--noise", "0.1"}));
    CHECK(really.status == 2);
    CHECK_THAT(really.err, Contains("the good version 30 has the bug, too"));
}

// A repository with a program that is a shell script: `count` commits on main; every seventh comes by a merge
// of two. The program ends with 3 from commit `bug` on; those from `broken` to `broken` + 1 do not build.
class Repository {
  public:
    explicit Repository(const Folder& folder) : path_(folder.path() + "/repo") {
        std::filesystem::create_directory(path_);
        git({"init", "--quiet", "--initial-branch=main"});
    }

    void commit(int number, int status, bool builds) const {
        std::ofstream(path_ + "/tool.in") << "#!/bin/sh\n# version " << number << "\nexit " << status << "\n";
        std::ofstream(path_ + "/build.sh")
            << (builds ? "cp tool.in tool; chmod +x tool\n" : "echo no; exit 7\n");
        git({"add", "."});
        git({"commit", "--quiet", "-m", fmt::format("change {}", number)});
    }
    void merge_side(int number) const {
        git({"checkout", "--quiet", "-b", fmt::format("side-{}", number), "HEAD~1"});
        std::ofstream(path_ + fmt::format("/notes-{}", number)) << "on the side\n";
        git({"add", "."});
        git({"commit", "--quiet", "-m", fmt::format("side {}", number)});
        git({"checkout", "--quiet", "main"});
        git({"merge", "--quiet", "--no-ff", "-m", fmt::format("merge {}", number),
             fmt::format("side-{}", number)});
    }
    void tag(const std::string& name) const { git({"tag", name}); }
    const std::string& path() const { return path_; }

  private:
    void git(std::vector<std::string> words) const {
        const std::vector<std::string> who = {"-C",          path_, "-c",
                                              "user.name=t", "-c",  "user.email=t@example.org"};
        words.insert(words.begin(), who.begin(), who.end());
        const Finished result = run_program("/usr/bin/git", words);
        INFO(result.err);
        REQUIRE(result.status == 0);
    }
    std::string path_;
};

TEST_CASE("bisect builds commits of a repository, follows merges, and skips what does not build") {
    if (must_skip()) return;
    const Folder folder;
    const Repository repository(folder);
    for (int number = 1; number <= 30; ++number) {
        repository.commit(number, number >= 19 ? 3 : 0, number != 15 && number != 16);
        if (number == 1) repository.tag("v1");
        if (number % 7 == 0) repository.merge_side(number);
    }
    const std::string file = folder.file("x.toml", text_of({.argv = R"("${tool}")",
                                                            .scenario = "[params]\ntool = \"/bin/true\"\n",
                                                            .expect = "outcome = \"exited\"\nexit = 3"}));
    const auto bisect = [&](const std::string& good, const std::string& bad) {
        return run_program("/usr/bin/env",
                           {"XDG_CACHE_HOME=" + folder.path() + "/cache", REHANG_PROGRAM, "bisect", file,
                            "--param", "tool", "--versions", "git:" + repository.path(), "--build",
                            "echo built >> " + folder.path() + "/count; sh build.sh", "--artifact", "tool",
                            "--good", good, "--bad", bad, "--jobs", "2"});
    };
    const Finished result = bisect("v1", "main");
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains(" change 19\n") && Contains("first bad  "));
    CHECK_THAT(result.out, Catch::Matchers::Matches("[^]*before  [0-9a-f]{12} change 18: [^]*"));
    const std::string built = read_file(folder.path() + "/count").value();

    // What a bisect that was killed has left goes with the next one.
    const std::filesystem::path cache = folder.path() + "/cache/rehang/builds";
    const auto builds = std::filesystem::directory_iterator(cache)->path();
    std::filesystem::create_directories(builds / "work.killed" / "tree");
    // What was built is there, and the repository has no work tree more than before.
    CHECK(bisect("v1", "main").out == result.out);
    CHECK(read_file(folder.path() + "/count").value() == built);
    CHECK_FALSE(std::filesystem::exists(repository.path() + "/.git/worktrees"));
    for (const auto& entry : std::filesystem::directory_iterator(builds))
        CHECK_THAT(entry.path().filename().string(), !Catch::Matchers::StartsWith("work."));
    {
        const int lock = ::open((builds / "lock").c_str(), O_RDWR | O_CLOEXEC);
        REQUIRE(::flock(lock, LOCK_EX | LOCK_NB) == 0);
        const Finished second = bisect("v1", "main");
        ::close(lock);
        CHECK(second.status == 2);
        CHECK_THAT(second.err, Contains("another bisect builds these commits right now"));
    }

    const Finished wrong = bisect("main", "v1");
    CHECK(wrong.status == 2);
    CHECK_THAT(wrong.err, Contains("v1 was not made from main"));
    const Finished unknown = bisect("v1", "nothing");
    CHECK(unknown.status == 2);
    CHECK_THAT(unknown.err, Contains("has no commit nothing"));
}

TEST_CASE("bisect says which arm64 allocator does not hang QEMU any more, and that its order is impossible") {
    if (must_skip() || lacks({"root:arm64", "program:qemu-aarch64-static"})) return;
    const std::string file = "/usr/lib/aarch64-linux-gnu/libtcmalloc_minimal.so.4";
    const std::string older = "${arm64_root}" + file, newer = "${arm64_root}/trixie" + file;
    const Finished result = rehang({"bisect", REHANG_SCENARIOS "/qemu/arm64-daemonize-with-allocator.toml",
                                    "--param", "allocator", "--versions", "list:" + older + "," + newer,
                                    "--find", "fix", "--bad", older, "--good", newer});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("first fixed  " + newer) && Contains("hung: inherited-lock") &&
                               Contains("exited with 0, its order is impossible"));
}

TEST_CASE("run --bisect has the exit status that git bisect run wants") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("x.toml", counted("test ${v} = 5 && kill -SEGV $$; "));
    const auto status = [&](const std::string& v) {
        return rehang({"run", file, "--bisect", "--set", "v=" + v}).status;
    };
    CHECK(status("1") == 0);
    CHECK(status("23") == 1);
    CHECK(status("5") == 125);
    CHECK(rehang({"run", file, "--bisect", "--set", "w=1"}).status == 128);
}

TEST_CASE("a log that is no file is refused") {
    const Folder folder;
    const Finished result =
        rehang(question(folder.file("x.toml", counted()), "1", "40", {"--log", "/dev/zero"}));
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Contains("/dev/zero is no regular file"));
}

TEST_CASE("versions that are not as they were said to be are told before the search") {
    if (must_skip()) return;
    const Folder folder;
    folder.file("x.toml", counted());
    const std::string file = "x.toml";  // values of GENERATE are made once, a folder for each of them
    struct Wrong {
        std::vector<std::string> words;
        std::string message;
    };
    const auto wrong = GENERATE_COPY(values<Wrong>({
        {question(file, "40", "1"), "the bad version comes before the good one"},
        {question(file, "1", "40", {"--find", "fix"}), "there is no fix between them"},
        {question(file, "1", "20"), "the bad version 20 does not show the bug: exited with 0"},
        {question(file, "30", "40"), "the good version 30 has the bug, too"},
        {question(file, "7", "7"), "are the same version"},
        {question(file, "0", "40"), "--versions has no 0"},
        {{"bisect", file, "--param", "v", "--versions", list(1, 4), "--bad", "4"},
         "--good and --bad are missing"},
        {{"bisect", file, "--param", "w", "--versions", list(1, 4), "--good", "1", "--bad", "4"},
         "the scenario has no parameter w"},
        {{"bisect", file, "--param", "v", "--versions", "nonsense", "--good", "1", "--bad", "4"},
         "--versions wants list:A,B,C"},
    }));
    const Finished result = rehang(wrong.words, folder.path());
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Contains(wrong.message));
}

}  // namespace
}  // namespace rehang::e2e
