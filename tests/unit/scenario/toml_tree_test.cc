#include "scenario/toml_tree.h"

#include "catch.h"
#include "scenario/key_depth.h"
#include "texts.h"

using namespace rehang;
using namespace rehang::test;

TEST_CASE("tables keep the order of the file") {
    const auto table = parse_toml("z = 1\na = 2\n[m]\ny = 1\nb = 2\n");
    REQUIRE(table);
    REQUIRE(table->size() == 3);
    CHECK(table->at(0).key == "z");
    CHECK(table->at(1).key == "a");
    const auto& inner = std::get<TomlTable>(table->at(2).node.value);
    CHECK(inner.at(0).key == "y");
    CHECK(table->at(2).node.at == Span{3, 1});
}

TEST_CASE("text that is not TOML is one mistake at its place") {
    CHECK(mistakes_of("format = 1\na = \n") ==
          Lines{"x.toml:2:5: error: not valid TOML: key-value pair: expected value, saw '\\n'"});
    CHECK(mistakes_of("a = 1\na = 2\n").size() == 1);
    CHECK(mistakes_of("format = 1\nb = \"\xff\"\n").size() == 1);
    CHECK(mistakes_of(std::string_view("format = 1\nb\0c", 14)) ==
          Lines{"x.toml:2:2: error: not a text file: it has a NUL byte here"});
}

TEST_CASE("keys that would overflow the parser's stack are refused") {
    std::string key = "a";
    for (int i = 0; i < 100000; ++i) key += ".a";
    CHECK(mistakes_of(key + " = 1\n") == Lines{"x.toml:1:32: error: a key of more than 16 parts"});
    CHECK(mistakes_of("[" + key + "]\n").size() == 1);
    CHECK(mistakes_of("x = { " + key + " = 1 }\n").size() == 1);
}

TEST_CASE("dots in strings, comments and numbers are no parts of keys") {
    const std::string dots(100, '.');
    CHECK_FALSE(find_too_deep_key("a = \"" + dots + "\"\n"));
    CHECK_FALSE(find_too_deep_key("a = '" + dots + "'\n"));
    CHECK_FALSE(find_too_deep_key("a = \"\"\"x\n" + dots + "\n\"\"\" # " + dots + "\n"));
    CHECK_FALSE(find_too_deep_key("a = '''" + dots + "''''' \nb = '" + dots + "'\n"));
    CHECK_FALSE(find_too_deep_key("a = \"\\\"" + dots + "\"\n"));
    CHECK_FALSE(find_too_deep_key(
        "a = [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]\n"));
    CHECK(find_too_deep_key("a = \"x\"\n" + dots + "\n"));
    CHECK(find_too_deep_key("a = \"not closed\n" + dots + "\n"));
}
