// Libraries, programs, needs and the packages that bring them.
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "catch.h"
#include "host/arm64_root.h"
#include "host/host.h"
#include "host/packages.h"
#include "host/probes.h"

using namespace rehang;
namespace fs = std::filesystem;

TEST_CASE("a library is found by its soname and by its path") {
    const auto libc = find_library("libc.so.6");
    REQUIRE(libc);
    CHECK(fs::exists(*libc));
    CHECK(find_library(*libc) == libc);
    CHECK_FALSE(find_library("libnosuch.so.1"));
    CHECK_FALSE(find_library("/etc/passwd"));  // exists, and is no library
}

TEST_CASE("a program is found by its name and by its path") {
    const auto shell = find_program("sh");
    REQUIRE(shell);
    CHECK(shell->ends_with("/sh"));
    CHECK(find_program(*shell) == shell);
    CHECK_FALSE(find_program("no-such-program"));
    CHECK_FALSE(find_program("/etc/passwd"));  // exists, and can't be executed
}

TEST_CASE("needs that are there have nothing to say") {
    for (const char* need :
         {"file:libc.so.6", "file:/etc/passwd", "file:/dev/null", "program:sh", "program:/bin/sh"})
        CHECK(check_need(need).has_value());
}

TEST_CASE("a need that is missing is unsupported, and names the package where it is known") {
    const auto unknown = check_need("file:libnosuch.so.1");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().kind == Error::Kind::unsupported);
    CHECK(unknown.error().what == "library libnosuch.so.1 is not on this host");
    CHECK_FALSE(unknown.error().hint.empty());

    const auto known = check_need("file:/nowhere/libjemalloc.so.2");
    REQUIRE_FALSE(known);
    CHECK(known.error().what == "file /nowhere/libjemalloc.so.2 is not on this host");
    CHECK(known.error().hint == "install it: apt install libjemalloc2");

    const auto program = check_need("program:/nowhere/virsh");
    REQUIRE_FALSE(program);
    CHECK(program.error().hint == "install it: apt install libvirt-clients");
}

TEST_CASE("a root for programs of arm64 is where caches are, and a tool makes it") {
    REQUIRE(::setenv("XDG_CACHE_HOME", "/nowhere", 1) == 0);
    CHECK(arm64_root() == "/nowhere/rehang/arm64-root/bookworm");
    const auto missing = check_need("root:arm64");
    REQUIRE(::setenv("XDG_CACHE_HOME", "relative", 1) == 0);  // to be ignored
    CHECK(arm64_root().starts_with('/'));
    REQUIRE(::unsetenv("XDG_CACHE_HOME") == 0);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == Error::Kind::unsupported);
    CHECK(missing.error().hint == "make them, without being root: tools/arm64-root");
}

TEST_CASE("what helps to get /dev/kvm depends on why it can't be opened") {
    CHECK(kvm_fix(EACCES).ends_with("sudo adduser $USER kvm"));
    CHECK(kvm_fix(ENOENT).ends_with("sudo modprobe -a kvm_intel kvm_amd"));
}

TEST_CASE("a need that can't be read is a mistake of the scenario") {
    for (const char* need : {"libc.so.6", "file:", "package:gdb", "root:", "root:sparc", ""}) {
        const auto checked = check_need(need);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().kind == Error::Kind::usage);
    }
}

TEST_CASE("packages have the names of their distribution's release") {
    const OsRelease bookworm = parse_os_release("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n");
    const OsRelease trixie = parse_os_release("VERSION_ID=\"13\"\nID=debian");
    const OsRelease sid = parse_os_release("PRETTY_NAME=\"Debian sid\"\nID=debian\n");
    const OsRelease jammy = parse_os_release("ID=ubuntu\nVERSION_ID=\"22.04\"\n");
    CHECK(bookworm.pretty_name == "Debian 12");
    CHECK(package_for("libtcmalloc.so.4", bookworm) == "libgoogle-perftools4");
    CHECK(package_for("libtcmalloc.so.4", trixie) == "libgoogle-perftools4t64");
    CHECK(package_for("/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4", sid) ==
          "libtcmalloc-minimal4t64");
    CHECK(package_for("libtcmalloc_minimal.so.4", jammy) == "libtcmalloc-minimal4");
    CHECK(package_for("qemu-system-x86_64", trixie) == "qemu-system-x86");
    CHECK(package_for("libnosuch.so.1", trixie).empty());
}
