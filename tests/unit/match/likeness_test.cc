#include "match/likeness.h"

#include "catch.h"

namespace rehang {
namespace {

TellingStack stack(std::vector<std::string> names, size_t unnamed = 0) {
    return {.names = std::move(names), .unnamed = unnamed};
}

}  // namespace

TEST_CASE("match: names of functions that are the same, or of another version") {
    CHECK(likeness("read", "read") == Likeness::same);
    CHECK(likeness("SpinLock::SlowLock", "base::SpinLock::SlowLock") == Likeness::same);
    CHECK(likeness("qemuProcessQMPStart", "qemuProcessQMPLaunch") == Likeness::similar);
    CHECK(likeness("a::qemuProcessQMPStart", "b::qemuProcessQMPLaunch") == Likeness::none);
    CHECK(likeness("g_free", "g_realloc") == Likeness::none);
}

TEST_CASE("match: equal stacks are alike in all, stacks with nothing in common in nothing") {
    CHECK(compare_stacks(stack({"a", "b", "c"}), stack({"a", "b", "c"})).score == Approx(1));
    CHECK(compare_stacks(stack({"a", "b"}), stack({"c", "d"})).score == Approx(0));
    CHECK(compare_stacks(stack({}), stack({"a"})).score == Approx(0));
}

TEST_CASE("match: frames further in count more") {
    const double inner = compare_stacks(stack({"a", "b", "x", "y"}), stack({"a", "b", "p", "q"})).score;
    const double outer = compare_stacks(stack({"x", "y", "a", "b"}), stack({"p", "q", "a", "b"})).score;
    CHECK(inner > outer);
}

TEST_CASE("match: the order counts, and frames between do not break it") {
    const auto compared = compare_stacks(stack({"a", "b", "c"}), stack({"a", "x", "c", "b"}));
    REQUIRE(compared.pairs.size() == 2);
    CHECK(compared.pairs[0].a == 0);
    CHECK(compared.score < 1);
}

TEST_CASE("match: what a frame without a name may be is held against nobody in full") {
    CHECK(compare_stacks(stack({"a"}, 2), stack({"a", "b", "c"})).score >
          compare_stacks(stack({"a"}), stack({"a", "b", "c"})).score);
}

TEST_CASE("match: what tells something of a stack") {
    const TellingStack part = telling_part({{.function = "syscall", .module = {}},
                                            {.function = "__GI___libc_read", .module = {}},
                                            {.function = "serve", .module = {}},
                                            {.function = "", .module = {}},
                                            {.function = "read", .module = {}},
                                            {.function = "main", .module = {}}});
    CHECK(part.names == std::vector<std::string>{"serve", "read"});
    CHECK(part.unnamed == 1);
}

}  // namespace rehang
