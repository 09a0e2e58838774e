// The probes, against what this host shows elsewhere.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "catch.h"
#include "host/host.h"
#include "host/namespaces.h"

using namespace rehang;

namespace {

int count_descriptors() {
    int count = 0;
    for (int fd = 0; fd < 256; ++fd) count += ::fcntl(fd, F_GETFD) >= 0;
    return count;
}

}  // namespace

TEST_CASE("each ability says what was seen, and how to get it where it is missing") {
    const std::vector<Ability> abilities = probe_host();
    REQUIRE(abilities.size() >= 10);
    for (const Ability& ability : abilities) {
        INFO(ability.name << ": " << ability.detail);
        CHECK_FALSE(ability.name.empty());
        CHECK_FALSE(ability.detail.empty());
        CHECK(ability.ok == ability.fix.empty());
    }
}

TEST_CASE("the probes leave no child and no descriptor") {
    const int before = count_descriptors();
    probe_host();
    CHECK(count_descriptors() == before);
    CHECK(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("require_host names the first required ability that is missing") {
    const std::vector<Ability> abilities = probe_host();
    const auto missing = std::ranges::find_if(abilities, [](const Ability& ability) {
        return ability.use != Ability::Use::sometimes && !ability.ok;
    });
    const auto allowed = require_host();
    REQUIRE(allowed.has_value() == (missing == abilities.end()));
    if (allowed) return;
    CHECK(allowed.error().kind == Error::Kind::unsupported);
    CHECK(allowed.error().what.find(missing->name) != std::string::npos);
    CHECK(allowed.error().hint == missing->fix);
    const char* must_run = std::getenv("REHANG_MUST_RUN");
    if (must_run != nullptr && *must_run == '1') FAIL(allowed.error().what);
    WARN(allowed.error().what);
}

TEST_CASE("programs are optional, and present exactly if they are found") {
    for (const Ability& ability : probe_host()) {
        if (ability.name != "gdb" && ability.name != "virsh") continue;
        CHECK(ability.use == Ability::Use::sometimes);
        CHECK(ability.ok == find_program(ability.name).has_value());
    }
}

TEST_CASE("the root for programs of arm64 is optional, and made by a tool") {
    const auto abilities = probe_host();
    const auto root = std::ranges::find(abilities, "arm64 root", &Ability::name);
    REQUIRE(root != abilities.end());
    CHECK(root->use == Ability::Use::sometimes);
    CHECK(root->ok == check_need("root:arm64").has_value());
    CHECK(root->fix == (root->ok ? "" : "tools/arm64-root"));
}

TEST_CASE("an errno that means a refusal is unsupported with a fix, another one a plain failure") {
    errno = EPERM;
    const Error refused = namespace_failure("can't mount /proc").error();
    CHECK(refused.kind == Error::Kind::unsupported);
    CHECK(refused.what == "can't mount /proc: Operation not permitted");
    CHECK_FALSE(refused.hint.empty());
    errno = ENOMEM;
    CHECK(namespace_failure("can't mount /proc").error().kind == Error::Kind::failed);
}

TEST_CASE("the host's description is complete") {
    const HostInfo info = host_info();
    CHECK(info.machine == "x86_64");
    CHECK(info.libc.starts_with("glibc 2."));
    CHECK_FALSE(info.kernel.empty());
    CHECK_FALSE(info.distribution.empty());
    CHECK(info.processors >= 1);
}
