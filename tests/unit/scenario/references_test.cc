#include "scenario/references.h"

#include "catch.h"

using namespace rehang;

namespace {

std::string shout(const std::string& name) {
    return "<" + name + ">";
}

}  // namespace

TEST_CASE("references are found in order") {
    CHECK(find_references("${a}/x/${b-1}${a}") == std::vector<std::string>{"a", "b-1", "a"});
    CHECK(find_references("plain $HOME $ {a} }") == std::vector<std::string>{});
}

TEST_CASE("references are replaced, and $${ stands for itself") {
    CHECK(substitute("${a}/x/${b}", shout) == "<a>/x/<b>");
    CHECK(substitute("$${a} $x $", shout) == "${a} $x $");
    CHECK(substitute("$$${a}", shout) == "$${a}");
    CHECK(substitute("", shout).empty());
}

TEST_CASE("wrong references are refused, with the part that is wrong") {
    CHECK(find_references("a ${x").error() == "\"${x\" is no reference to a parameter");
    CHECK(find_references("${}").error() == "\"${\" is no reference to a parameter");
    CHECK(find_references("${a b}").error() == "\"${a\" is no reference to a parameter");
}

TEST_CASE("texts that putting parameters in would change") {
    CHECK(has_references("${a}"));
    CHECK(has_references("$${"));
    CHECK_FALSE(has_references("$a {b}"));
}
