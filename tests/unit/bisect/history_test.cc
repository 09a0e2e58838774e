#include "bisect/history.h"

#include "catch.h"

namespace rehang {
namespace {

TEST_CASE("of a list each version has what came before it") {
    const History list = History::list(4);
    CHECK(list.size() == 4);
    CHECK(list.has(2, 0));
    CHECK(list.has(2, 2));
    CHECK_FALSE(list.has(2, 3));
}

TEST_CASE("a merge has what both sides brought, a side only its own") {
    //  0 ─ 1 ─ 2 ─ 5
    //   └─ 3 ─ 4 ──┘
    const History history = History::of({{}, {0}, {1}, {0}, {3}, {2, 4}});
    CHECK(history.has(5, 2));
    CHECK(history.has(5, 4));
    CHECK_FALSE(history.has(4, 1));
    CHECK_FALSE(history.has(2, 3));
    CHECK(history.parents(5) == std::vector<size_t>{2, 4});
    CHECK(history.children(0) == std::vector<size_t>{1, 3});
    CHECK(history.children(5).empty());
}

}  // namespace
}  // namespace rehang
