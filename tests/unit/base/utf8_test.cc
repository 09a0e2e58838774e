#include "base/utf8.h"

#include "catch.h"

namespace rehang {
namespace {

constexpr const char* none = "\xef\xbf\xbd";

TEST_CASE("text stays as it is") {
    for (const char* text : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbd"})
        CHECK(as_utf8(text) == text);
}

TEST_CASE("bytes that are no UTF-8 are replaced, one by one") {
    CHECK(as_utf8("a\xff"
                  "b") == std::string("a") + none + "b");
    CHECK(as_utf8("\xc3") == none);                                                // broken off
    CHECK(as_utf8("\xc0\xaf") == std::string(none) + none);                        // overlong
    CHECK(as_utf8("\xed\xa0\x80") == std::string(none) + none + none);             // half of UTF-16
    CHECK(as_utf8("\xf4\x90\x80\x80") == std::string(none) + none + none + none);  // behind the last one
    CHECK(as_utf8("\xe2\x82"
                  "a") == std::string(none) + none + "a");
}

}  // namespace
}  // namespace rehang
