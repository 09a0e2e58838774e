#include "bisect/debian_package.h"

#include "catch.h"

namespace rehang {
namespace {

using Catch::Matchers::Contains;
using Strings = std::vector<std::string>;

TEST_CASE("debian: names a package, an architecture and releases") {
    const auto plain = read_debian_package("libstdc++6");
    REQUIRE(plain);
    CHECK(plain->name == "libstdc++6");
    CHECK(plain->architecture == "amd64");
    CHECK(plain->releases.empty());

    const auto all = read_debian_package("libx1:arm64@bookworm-backports,sid");
    REQUIRE(all);
    CHECK(all->name == "libx1");
    CHECK(all->architecture == "arm64");
    CHECK(all->releases == Strings{"bookworm-backports", "sid"});
}

TEST_CASE("what can't be the name of a package, an architecture or a release is refused") {
    const auto what = [](std::string_view source) {
        const auto package = read_debian_package(source);
        return package ? std::string("read") : package.error().what;
    };
    for (const char* wrong : {"", "-o", "Lib", "lib x", "lib*", "../x", ":arm64", "@sid"}) {
        CAPTURE(wrong);
        CHECK_THAT(what(wrong), Contains("can't be the name of a Debian package"));
    }
    CHECK_THAT(what("libx1:"), Contains("Debian architecture"));
    CHECK_THAT(what("libx1:arm64:i386"), Contains("Debian architecture"));
    CHECK_THAT(what("libx1@"), Contains("Debian release"));
    CHECK_THAT(what("libx1@sid,,sid"), Contains("Debian release"));
    CHECK_THAT(what("libx1@sid\""), Contains("Debian release"));
    CHECK_THAT(what("libx1@sid,sid"), Contains("comes twice"));
}

TEST_CASE("a renamed library is looked for under both names") {
    CHECK(debian_names("libx1") == Strings{"libx1", "libx1t64"});
    CHECK(debian_names("libx1t64") == Strings{"libx1t64", "libx1"});
}

TEST_CASE("a release comes with its updates, and backports with their release") {
    CHECK(suites_of("sid") == std::vector<DebianSuite>{{.name = "sid"}});
    CHECK(suites_of("trixie") == std::vector<DebianSuite>{{.name = "trixie"},
                                                          {.name = "trixie-updates"},
                                                          {.name = "trixie-security", .security = true}});
    CHECK(suites_of("trixie-backports").at(1).name == "trixie");
    CHECK(suites_of("experimental") == std::vector<DebianSuite>{{.name = "experimental"}, {.name = "sid"}});
}

TEST_CASE("apt's errors say what a mirror does not have, and what it has no longer") {
    constexpr auto no_release =
        "E: The repository 'http://deb.debian.org/debian nosuch Release' does not have a Release file.\n"
        "E: The repository 'http://deb.debian.org/debian-security nosuch-security Release' does not have a "
        "Release file.\n";
    CHECK(missing_suites(no_release) == Strings{"nosuch", "nosuch-security"});
    CHECK(missing_suites(
              "E: Failed to fetch file:/m/debian/dists/nosuch/main/binary-amd64/Packages  File not found - "
              "/m/debian/dists/nosuch/main/binary-amd64/Packages (2: No such file or directory)\n") ==
          Strings{"nosuch"});
    constexpr auto down =
        "E: Failed to fetch http://deb.debian.org/debian/dists/sid/InRelease  Could not resolve "
        "'deb.debian.org'\n"
        "E: Some index files failed to download. They have been ignored, or old ones used instead.\n";
    CHECK(missing_suites(down).empty());
    CHECK(first_error(down) == "Could not resolve 'deb.debian.org'");
    CHECK_FALSE(only_gone(down));
    constexpr auto gone =
        "E: Failed to fetch http://deb.debian.org/pool/libc6_2.31_arm64.deb  404  Not Found [IP: "
        "203.0.113.80 80]\n"
        "E: Some files failed to download\n";
    CHECK(only_gone(gone));
    CHECK_FALSE(only_gone(std::string(gone) + down));
    CHECK_FALSE(only_gone(""));
    CHECK(first_error("W: something\nE: Unable to correct problems, you have held broken packages.\n") ==
          "Unable to correct problems, you have held broken packages");
}

TEST_CASE("a dependency that can't be met is found in what apt writes") {
    CHECK(unmet_dependency("Some packages could not be installed.\n"
                           "The following packages have unmet dependencies:\n"
                           " libx1 : Depends: liby1 (>= 2) but it is not installable\n"
                           "         Depends: libz1 but it is not going to be installed\n") ==
          "libx1 : Depends: liby1 (>= 2) but it is not installable");
    CHECK(unmet_dependency("'http://m/a.deb' a.deb 5\n").empty());
}

constexpr auto madison =
    "libx1 | 2.10-1+deb12u1 | http://deb.debian.org/debian-security bookworm-security/main arm64 Packages\n"
    "libx1 | 2.10-1 | http://deb.debian.org/debian bookworm/main arm64 Packages\n"
    "libx1 | 2.16-1~bpo12+1 | http://deb.debian.org/debian bookworm-backports/main arm64 Packages\n"
    "libx10 | 9 | http://deb.debian.org/debian bookworm/main arm64 Packages\n"
    "libx1t64 | 2.18-1 | http://deb.debian.org/debian sid/main arm64 Packages\n"
    "     libx1 | 3 | http://deb.debian.org/debian bookworm/main Sources\n";

TEST_CASE("a release offers the newest of what is its own") {
    const auto version = [](const std::string& release) {
        return offer_in(madison, release, debian_names("libx1")).version;
    };
    CHECK(version("bookworm") == "2.10-1+deb12u1");
    CHECK(version("bookworm-backports") == "2.16-1~bpo12+1");
    CHECK(version("trixie").empty());
    CHECK(offer_in(madison, "sid", debian_names("libx1")) ==
          DebianOffer{.release = "sid", .package = "libx1t64", .version = "2.18-1"});
}

std::vector<DebianVersion> some_versions() {
    return versions_of({{.release = "bullseye", .package = "x", .version = "1:5.2+dfsg-11"},
                        {.release = "buster", .package = "x", .version = ""},
                        {.release = "bookworm", .package = "x", .version = "1:7.2-1"},
                        {.release = "bookworm-backports", .package = "x", .version = "1:10.0-1~bpo12+1"},
                        {.release = "trixie", .package = "x", .version = "1:10.0-1"},
                        {.release = "forky", .package = "x", .version = "1:9.0-1"},
                        {.release = "sid", .package = "x", .version = "1:10.0-1"}});
}

TEST_CASE("a version that several releases have is one version") {
    Strings shown;
    for (const DebianVersion& version : some_versions()) shown.push_back(version.shown);
    CHECK(shown == Strings{"1:5.2+dfsg-11 (bullseye)", "1:7.2-1 (bookworm)", "1:9.0-1 (forky)",
                           "1:10.0-1~bpo12+1 (bookworm-backports)", "1:10.0-1 (trixie, sid)"});
}

TEST_CASE("a version is named by a release, or by its beginning") {
    const auto versions = some_versions();
    const auto index = [&](std::string_view name) { return version_named(versions, name).value_or(99); };
    CHECK(index("bullseye") == 0);
    CHECK(index("sid") == 4);
    CHECK(index("1:7.2-1") == 1);
    CHECK(index("7.2") == 1);
    CHECK(index("5") == 0);
    CHECK(index("10.0-1") == 4);
    CHECK(index("1:10.0-1") == 4);
    CHECK_THAT(version_named(versions, "10.0").error().what, Contains("several versions"));
    CHECK_THAT(version_named(versions, "10.0").error().hint,
               Contains("(trixie, sid)") && !Contains("bullseye"));
    for (const char* none : {"", "1", "0.0", "buster", "7.2-10"}) CHECK(index(none) == 99);
    CHECK_THAT(version_named(versions, "8").error().hint, Contains("1:5.2+dfsg-11 (bullseye), 1:7.2-1"));
}

TEST_CASE("apt's list of files is read, whatever their order") {
    CHECK(
        read_uris("'http://m/pool/b%2b_1_amd64.deb' b+_1_amd64.deb 3932 SHA256:ac35\n"
                  "'file:/m/pool/a_1_amd64.deb' a_1_amd64.deb 5 \n"
                  "Reading package lists...\n") ==
        std::vector<DebianFile>{
            {.uri = "file:/m/pool/a_1_amd64.deb", .name = "a_1_amd64.deb", .checksum = ""},
            {.uri = "http://m/pool/b%2b_1_amd64.deb", .name = "b+_1_amd64.deb", .checksum = "SHA256:ac35"}});
}

TEST_CASE("files of a mirror on this host are taken from there") {
    CHECK(local_path("file:/m/a%2bb%7e1.deb") == "/m/a+b~1.deb");
    CHECK(local_path("file:///m/50%") == "/m/50%");
    CHECK(local_path("http://m/a.deb").empty());
}

}  // namespace
}  // namespace rehang
