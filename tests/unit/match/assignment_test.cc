#include "match/assignment.h"

#include "catch.h"

namespace rehang {

using Columns = std::vector<std::optional<size_t>>;

TEST_CASE("match: the best total goes before the best pair") {
    CHECK(best_assignment({{5, 4}, {4, 0}}) == Columns{1, 0});
}

TEST_CASE("match: rows and columns that are left over") {
    CHECK(best_assignment({{1, 2, 3}}) == Columns{2});
    CHECK(best_assignment({{1}, {3}, {2}}) == Columns{std::nullopt, 0, std::nullopt});
    CHECK(best_assignment({{0, 0}, {0, 1}}) == Columns{std::nullopt, 1});
    CHECK(best_assignment({}).empty());
    CHECK(best_assignment({{}, {}}) == Columns{std::nullopt, std::nullopt});
}

}  // namespace rehang
