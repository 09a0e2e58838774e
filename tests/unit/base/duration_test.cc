#include "base/duration.h"

#include "catch.h"

using namespace rehang;
using namespace std::chrono_literals;

TEST_CASE("durations are a number and a unit") {
    CHECK(parse_duration("250ms") == Duration(250ms));
    CHECK(parse_duration("3s") == Duration(3s));
    CHECK(parse_duration("1.5s") == Duration(1500ms));
    CHECK(parse_duration("2min") == Duration(2min));
    CHECK(parse_duration("7us") == Duration(7us));
    CHECK(parse_duration("0s") == Duration::zero());
}

TEST_CASE("what is no duration is refused") {
    for (const char* text :
         {"", "3", "s", "3 s", "3sec", "-1s", "3s ", "nan s", "nans", "infs", "1e999s", "25000min", "0x3s"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("durations are written in their shortest form, which reads back the same") {
    for (const char* text : {"7us", "250ms", "3s", "1.5s", "10s", "120s"}) {
        INFO(text);
        const auto duration = parse_duration(text);
        REQUIRE(duration);
        CHECK(format_duration(*duration) == text);
    }
}

TEST_CASE("sizes are bytes or have a binary unit") {
    CHECK(parse_size("4096") == 4096);
    CHECK(parse_size("64KiB") == 64 << 10);
    CHECK(parse_size("16MiB") == 16 << 20);
    CHECK(parse_size("2GiB") == 2ULL << 30);
    for (const char* text : {"", "2GB", "-1", "MiB", "2 GiB", "1e30"}) {
        INFO(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("sizes are written in the largest unit that fits") {
    CHECK(format_size(2ULL << 30) == "2GiB");
    CHECK(format_size(3 << 19) == "1536KiB");
    CHECK(format_size(4097) == "4097");
}
