// Names of system calls, their arguments, groups and ioctl requests.
#include <algorithm>

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "base/ioctl_requests.h"
#include "base/names.h"
#include "base/syscall_arguments.h"
#include "base/syscall_groups.h"
#include "base/syscall_prototypes.h"
#include "catch.h"

using namespace rehang;
using Kind = SyscallArgument::Kind;

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

TEST_CASE("ioctl requests have the numbers of this machine's headers") {
    CHECK(ioctl_request("TCGETS") == TCGETS);
    CHECK(ioctl_request("KVM_IRQ_LINE_STATUS") == KVM_IRQ_LINE_STATUS);
    CHECK(ioctl_request("SIOCGIFFLAGS") == 0x8913U);
    CHECK(ioctl_request("BLKRRPART") == 0x125fU);
    CHECK_FALSE(ioctl_request("KVM_IRQ_LINE_STAUS"));
    CHECK_FALSE(ioctl_request(""));
    CHECK(ioctl_request_names().size() > 2000);
}

TEST_CASE("a number gives all names that it has") {
    CHECK(contains(ioctl_request_names(TCGETS), "TCGETS"));
    CHECK(ioctl_request_names(0x01020304).empty());
    for (const std::string& name : ioctl_request_names())
        REQUIRE(contains(ioctl_request_names(*ioctl_request(name)), name));
}

TEST_CASE("every prototype is of a call that exists, once, with at most six arguments") {
    CHECK(std::ranges::is_sorted(syscall_prototypes, {}, &SyscallPrototype::call));
    for (const auto& [call, arguments] : syscall_prototypes) {
        INFO(call);
        CHECK((syscall_number(call) || is_foreign_syscall(call)));
        CHECK(std::ranges::count(syscall_prototypes, call, &SyscallPrototype::call) == 1);
        CHECK(syscall_arguments(call).size() <= most_arguments);
    }
}

TEST_CASE("arguments have a kind and a width") {
    const auto openat = syscall_arguments("openat");
    REQUIRE(openat.size() == 4);
    CHECK(openat[0].kind == Kind::descriptor);
    CHECK(openat[0].narrow);
    CHECK(openat[1].name == "filename");
    CHECK(openat[1].kind == Kind::path);
    CHECK_FALSE(openat[1].narrow);
    CHECK(openat[2].kind == Kind::number);
    CHECK(openat[2].narrow);
    const auto read = syscall_arguments("read");
    REQUIRE(read.size() == 3);
    CHECK(read[1].kind == Kind::pointer);
    CHECK_FALSE(read[1].narrow);
    CHECK(read[2].kind == Kind::number);
    CHECK_FALSE(read[2].narrow);
    CHECK(syscall_arguments("getpid").empty());
}

TEST_CASE("groups have what strace has in them, as far as this machine has the calls") {
    REQUIRE(syscall_group_names().size() == 12);
    for (const std::string& group : syscall_group_names()) {
        INFO(group);
        const auto calls = syscall_group(group);
        REQUIRE(calls);
        CHECK(calls->size() >= (group.starts_with("%%") ? 3 : 8));
        CHECK(std::ranges::is_sorted(*calls));
        for (const std::string& call : *calls) CHECK(syscall_number(call));
    }
    CHECK(contains(*syscall_group("%file"), "openat"));
    CHECK_FALSE(contains(*syscall_group("%file"), "read"));
    CHECK(contains(*syscall_group("%desc"), "read"));
    CHECK(contains(*syscall_group("%network"), "sendto"));
    CHECK_FALSE(syscall_group("%fiel"));
    CHECK_FALSE(syscall_group("file"));
}

TEST_CASE("calls of other architectures are told from what is no call at all") {
    CHECK(is_foreign_syscall("cacheflush"));
    CHECK_FALSE(is_foreign_syscall("read"));
    CHECK_FALSE(is_foreign_syscall("raed"));
}

TEST_CASE("constants are known by name, errno values and signals among them") {
    CHECK(constant_value("O_CREAT") == 0100U);
    CHECK(constant_value("CLONE_INTO_CGROUP") == 0x200000000U);
    CHECK(constant_value("SIGABRT") == 6U);
    CHECK(constant_value("EAGAIN") == 11U);
    CHECK_FALSE(constant_value("O_CRAET"));
    const auto names = constant_names();
    for (const std::string& name : names) REQUIRE(constant_value(name));
    for (const std::string& name : names) {
        INFO(name);
        CHECK(std::ranges::count(names, name) == 1);
    }
}
