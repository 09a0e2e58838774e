// Versions of a Debian package, from a mirror of the test's own.
#include <filesystem>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "debian_mirror.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

bool no_debian() {
    return must_skip() || lacks({"program:apt-get", "program:dpkg-deb", "program:gzip"});
}

// A program that is a shell script, and needs another package. As in old releases, something is in /lib, and
// a link leads there by its absolute path.
MadePackage tool(const std::string& name, const std::string& version, int status) {
    return {.name = name,
            .version = version,
            .depends = fmt::format("x-data (= {})", version),
            .files = {{"usr/bin/tool", fmt::format("#!/bin/sh\nexit {}\n", status)},
                      {"lib/x1/part", "some"},
                      {"usr/share/doc/x1/README", "much"}},
            .links = {{"usr/bin/link", "/lib/x1/part"}}};
}

MadePackage data(const std::string& version) {
    return {.name = "x-data", .version = version, .files = {{"usr/share/x/" + version, "some"}}};
}

class SmallDebian {
  public:
    SmallDebian() : mirror_(folder_.path() + "/mirror") {
        mirror_.add_release("bullseye", {tool("libx1", "1:1.0-1", 3), data("1:1.0-1")});
        mirror_.add_release("bookworm", {tool("libx1", "1:1.5-1", 3), data("1:1.5-1")});
        mirror_.add_release("trixie", {tool("libx1t64", "1:1.10-1", 0), data("1:1.10-1")});
        mirror_.add_release("forky", {tool("libx1t64", "1:2.0-1", 0), data("1:2.0-1")});
        mirror_.add_release("sid", {tool("libx1t64", "1:2.0-1", 0), data("1:2.0-1")});
        scenario_ = folder_.file("x.toml", text_of({.argv = R"("${root}/usr/bin/tool")",
                                                    .scenario = "needs = [\"file:${root}/usr/bin/tool\"]\n"
                                                                "[params]\nroot = \"/\"\n",
                                                    .expect = "outcome = \"exited\"\nexit = 3"}));
        of_a_file_ = folder_.file("y.toml", text_of({.argv = R"("${tool}")",
                                                     .scenario = "[params]\ntool = \"/bin/true\"\n",
                                                     .expect = "outcome = \"exited\"\nexit = 3"}));
    }

    const DebianMirrorFolder& mirror() const { return mirror_; }
    std::string cache() const { return folder_.path() + "/cache"; }
    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

    Finished bisect(const std::string& versions, const std::string& bad, const std::string& good,
                    const std::vector<std::string>& more = {},
                    const std::vector<std::string>& environment = {}) const {
        std::vector<std::string> words = {"XDG_CACHE_HOME=" + cache(),
                                          "REHANG_DEBIAN_MIRROR=" + mirror_.uri()};
        words.insert(words.end(), environment.begin(), environment.end());
        const bool of_a_file = !more.empty() && more.front() == "--artifact";
        words.insert(words.end(), {REHANG_PROGRAM, "bisect", of_a_file ? of_a_file_ : scenario_, "--find",
                                   "fix", "--param", of_a_file ? "tool" : "root", "--versions", versions,
                                   "--bad", bad, "--good", good});
        words.insert(words.end(), more.begin(), more.end());
        return run_program("/usr/bin/env", words);
    }

  private:
    Folder folder_;
    DebianMirrorFolder mirror_;
    std::string scenario_, of_a_file_;
};

TEST_CASE("bisect finds the Debian version that mended it, under the names that it has in each release") {
    if (no_debian()) return;
    const SmallDebian debian;
    const Finished result = debian.bisect("debian:libx1", "bullseye", "sid", {"--jobs", "2"});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("libx1 for amd64, by file:") && Contains("  1:1.5-1 (bookworm)\n") &&
                               Contains("  1:2.0-1 (forky, sid)  as libx1t64\n"));
    CHECK_THAT(result.out, Contains("first fixed  1:1.10-1 (trixie)\n") &&
                               Contains("before  1:1.5-1 (bookworm): exited with 3\n"));

    // The other name, one file of the package, ends by version; and what is there is not fetched again.
    fs::remove_all(debian.path("mirror/debian/pool"));
    const Finished again = debian.bisect("debian:libx1t64:amd64@bullseye,bookworm,trixie", "1.0", "1.10",
                                         {"--artifact", "usr/b*/tool"});
    INFO(again.out << again.err);
    CHECK(again.status == 0);
    CHECK_THAT(again.out,
               Contains("  1:1.0-1 (bullseye)  as libx1\n") && Contains("first fixed  1:1.10-1 (trixie)\n"));
    const Finished no_file =
        debian.bisect("debian:libx1", "bullseye", "trixie", {"--artifact", "usr/b*/nothing"});
    CHECK(no_file.status == 2);
    CHECK_THAT(no_file.err, Contains("the bad version 1:1.0-1 has no usr/b*/nothing"));
}

TEST_CASE("bisect --each says what comes out of every version") {
    if (no_debian()) return;
    const SmallDebian debian;
    const auto each = [&](const std::string& versions, const std::vector<std::string>& more = {}) {
        std::vector<std::string> words = {"XDG_CACHE_HOME=" + debian.cache(),
                                          "REHANG_DEBIAN_MIRROR=" + debian.mirror().uri(),
                                          REHANG_PROGRAM,
                                          "bisect",
                                          debian.path("x.toml"),
                                          "--param",
                                          "root",
                                          "--versions",
                                          versions,
                                          "--each"};
        words.insert(words.end(), more.begin(), more.end());
        return run_program("/usr/bin/env", words);
    };
    const Finished result = each("debian:libx1@bullseye,bookworm,sid", {"--repeat", "2"});
    CHECK(result.status == 1);
    CHECK_THAT(result.out,
               Contains("✓ 1:1.0-1 (bullseye)  exited with 3\n✓ 1:1.5-1 (bookworm)  exited with 3\n"
                        "✗ 1:2.0-1 (sid)       exited with 0, not as expected (run 1)\n"));
    CHECK(each("debian:libx1@bullseye,bookworm").status == 0);
    CHECK_THAT(each("git:.").err, Contains("commits are none"));
    CHECK_THAT(each("list:1,2", {"--good", "1"}).err, Contains("--each looks for nothing"));
}

TEST_CASE("what is unpacked is a system of its own") {
    if (no_debian()) return;
    const SmallDebian debian;
    REQUIRE(debian.bisect("debian:libx1@bullseye,sid", "bullseye", "sid").status == 0);
    size_t roots = 0;
    for (const auto& arch :
         fs::directory_iterator(fs::directory_iterator(debian.cache() + "/rehang/debian")->path()))
        for (const auto& root : fs::directory_iterator(arch.path() / "roots")) {
            ++roots;
            CHECK(fs::read_symlink(root.path() / "lib") == "usr/lib");
            CHECK(fs::is_regular_file(root.path() / "usr/lib/x1/part"));
            CHECK(fs::read_symlink(root.path() / "usr/bin/link") == "../../lib/x1/part");
            CHECK(fs::is_directory(root.path() / "usr/share/x"));
            CHECK_FALSE(fs::exists(root.path() / "usr/share/doc/x1"));
            CHECK((fs::status(root.path() / "usr/bin/tool").permissions() & fs::perms::set_uid) ==
                  fs::perms::none);
            CHECK_THAT(read_file(root.path() / "packages").value(), Contains("libx1") && Contains("x-data"));
        }
    CHECK(roots == 2);
}

TEST_CASE("a Debian version that can't be installed is skipped") {
    if (no_debian()) return;
    const SmallDebian debian;
    MadePackage broken = tool("libx1", "1:1.7-1~bpo12+1", 0);
    broken.depends = "nosuch (>= 2)";
    debian.mirror().add_release("bookworm-backports", {broken});
    fs::remove(debian.mirror().file_of("x-data", "1:1.10-1"));
    const Finished result = debian.bisect("debian:libx1", "bullseye", "sid");
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK_THAT(result.out, Contains("can't be installed: libx1 : Depends: nosuch (>= 2)") &&
                               Contains("can't be installed: File not found") &&
                               Contains("could not be judged"));
}

TEST_CASE("without its mirror a bisect goes on with what is there, and what was found out is not lost") {
    if (no_debian()) return;
    const SmallDebian debian;
    REQUIRE(debian.bisect("debian:libx1@bullseye,trixie", "bullseye", "trixie").status == 0);
    fs::rename(debian.path("mirror"), debian.path("away"));
    const Finished earlier = debian.bisect("debian:libx1@bullseye,trixie", "bullseye", "trixie");
    INFO(earlier.out << earlier.err);
    CHECK(earlier.status == 0);
    CHECK_THAT(earlier.out,
               Contains("can't be asked now (there is no folder ") && Contains("first fixed  1:1.10-1"));
    // Nothing is known of sid.
    const Finished unknown = debian.bisect("debian:libx1@bullseye,sid", "bullseye", "sid");
    CHECK(unknown.status == 3);
    CHECK_THAT(unknown.err, Contains("can't get what file:"));

    fs::rename(debian.path("away"), debian.path("mirror"));
    const std::vector<std::string> log = {"--log", debian.path("bisect.log")};
    REQUIRE(debian.bisect("debian:libx1@bookworm,trixie", "bookworm", "trixie").status == 0);
    REQUIRE(debian.bisect("debian:nosuch@sid", "sid", "sid").status == 2);  // only asks for sid's list
    fs::rename(debian.path("mirror"), debian.path("away"));
    const Finished broken_off =
        debian.bisect("debian:libx1@bullseye,bookworm,trixie,sid", "bullseye", "sid", log);
    CHECK(broken_off.status == 3);
    CHECK_THAT(broken_off.out, Contains("✗ 1:1.0-1 (bullseye)"));
    fs::rename(debian.path("away"), debian.path("mirror"));
    const Finished whole = debian.bisect("debian:libx1@bullseye,bookworm,trixie,sid", "bullseye", "sid", log);
    CHECK(whole.status == 0);
    CHECK_THAT(whole.out,
               Contains("exited with 3  (from the log)") && Contains("first fixed  1:1.10-1 (trixie)"));
}

TEST_CASE("what a Debian mirror does not have is told, with what it has") {
    if (no_debian()) return;
    const SmallDebian debian;
    struct Wrong {
        std::string versions, bad, good;
        int status = 2;
        std::string message, hint;
        std::vector<std::string> environment = {};
    };
    const std::vector<Wrong> all = {
        {"debian:libx", "bullseye", "sid", 2,
         "has no package libx for amd64 in bullseye, bookworm, trixie, forky, sid", "sid has libx1t64"},
        {"debian:libx1@bullseye,wheezy", "bullseye", "wheezy", 2, "has no release wheezy",
         "it has bullseye, bookworm, trixie, forky, sid"},
        {"debian:libx1", "bullseye", "buster", 2, "--good: there is no version buster",
         "there are 1:1.0-1 (bullseye), 1:1.5-1 (bookworm), 1:1.10-1 (trixie), 1:2.0-1 (forky, sid)"},
        {"debian:libx1", "1", "sid", 2, "--bad: 1 may be several versions", "1:1.0-1 (bullseye), 1:1.5-1"},
        {"debian:libx1", "sid", "forky", 2, "--good and --bad are the same version", ""},
        {"debian:libx1", "sid", "bookworm", 2, "the good version comes before the bad one", ""},
        {"debian:libx1@sid,forky", "sid", "sid", 2, "only one version of libx1: 1:2.0-1 (sid, forky)", ""},
        {"debian:libx1:arm64", "bullseye", "sid", 2, "has no package libx1 for arm64 in bullseye", ""},
        {"debian:-o", "bullseye", "sid", 2, "can't be the name of a Debian package",
         "debian:libtcmalloc-minimal4"},
        {"debian:libx1",
         "bullseye",
         "sid",
         3,
         "can't get what http://127.0.0.1:1 has: Could not connect",
         "is the network up?",
         {"REHANG_DEBIAN_MIRROR=http://127.0.0.1:1"}},
        {"debian:libx1",
         "bullseye",
         "sid",
         2,
         "which is no URI of a mirror",
         "",
         {"REHANG_DEBIAN_MIRROR=/tmp"}},
        {"debian:libx1",
         "bullseye",
         "sid",
         125,
         "this host has no apt-get",
         "",
         {"PATH=" + debian.path("nothing")}},
    };
    for (const Wrong& wrong : all) {
        const Finished result = debian.bisect(wrong.versions, wrong.bad, wrong.good, {}, wrong.environment);
        INFO(wrong.versions << ' ' << wrong.bad << ' ' << wrong.good << '\n' << result.out << result.err);
        CHECK(result.status == wrong.status);
        CHECK_THAT(result.err, Contains(wrong.message) && Contains(wrong.hint));
    }
}

}  // namespace
}  // namespace rehang::e2e
