#include "supervise/guest_hooks.h"

#include <unistd.h>

#include <limits>

#include "catch.h"

namespace rehang {
namespace {

const EntersGuestFunction in_libc = {.module = "libc.so.6", .symbol = "fork"};
const EntersGuestFunction elsewhere = {.module = "libnone.so", .symbol = "run"};

// This process has no module for arm64: there is nothing to hook, and nothing is written.
HookedGuest hook_here(const GuestHooksWanted& client, const std::set<EntersGuestFunction>& functions) {
    elf::Files files;
    return hook_functions(getpid(), getpid(), client, functions, files);
}

TEST_CASE("without functions a client's offer is only remembered") {
    const HookedGuest hooked = hook_here({.base = 4096, .entries = 1, .originals = 1, .count = 256}, {});
    CHECK(hooked.hooks.base == 4096);
    CHECK(hooked.hooks.functions.empty());
    CHECK(hooked.problems.empty());
}

TEST_CASE("a client that offers no entry, or too few, gets no more functions than it has entries") {
    for (const std::uint32_t count : {0U, 1U}) {
        const HookedGuest hooked = hook_here({.count = count}, {in_libc, elsewhere});
        CHECK(hooked.hooks.functions.size() == count);
        REQUIRE(hooked.problems.size() == count + 1);
        CHECK(hooked.problems.back().find("no entry left") != std::string::npos);
    }
}

TEST_CASE("libraries of this machine are none of a guest's, whatever addresses the client tells") {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t address : {std::uint64_t{0}, std::uint64_t{1}, most / 2, most}) {
        const HookedGuest hooked = hook_here({.base = address,
                                              .entries = address,
                                              .originals = address,
                                              .entry_size = std::numeric_limits<std::uint32_t>::max(),
                                              .count = std::numeric_limits<std::uint32_t>::max()},
                                             {in_libc, elsewhere});
        REQUIRE(hooked.problems.size() == 2);
        for (const std::string& problem : hooked.problems)
            CHECK(problem.find("no such module") != std::string::npos);
    }
}

}  // namespace
}  // namespace rehang
