#include "campaign/xml_text.h"

#include "catch.h"

namespace rehang {
namespace {

const std::string replaced = "\xef\xbf\xbd";

TEST_CASE("what XML can hold stays as it is") {
    for (const char* text :
         {"", "a <b> & \"c\" ]]>", "tab\tline\r\n", "\x7f", "\xc3\xa4", "\xe2\x9c\x97", "\xef\xbf\xbd",
          "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x9f\x90\x9b", "\xf4\x8f\xbf\xbf"})
        CHECK(xml_text(text) == text);
}

TEST_CASE("characters that XML has not become U+FFFD") {
    CHECK(xml_text("a\x1b[1m") == "a" + replaced + "[1m");
    CHECK(xml_text(std::string_view("\0b", 2)) == replaced + "b");
    CHECK(xml_text("\xef\xbf\xbe,\xef\xbf\xbf,\xed\xa0\x80") ==
          replaced + "," + replaced + "," + replaced);  // U+FFFE, U+FFFF, a surrogate
}

TEST_CASE("each byte that is not UTF-8 becomes U+FFFD") {
    CHECK(xml_text("x\xff.toml") == "x" + replaced + ".toml");
    CHECK(xml_text("\xc3") == replaced);                                // broken off
    CHECK(xml_text("\xc3(") == replaced + "(");                         // no continuation
    CHECK(xml_text("\x80") == replaced);                                // a continuation of nothing
    CHECK(xml_text("\xc0\x80") == replaced + replaced);                 // longer than needed
    CHECK(xml_text("\xe0\x80\x80") == replaced + replaced + replaced);  // so is this
    CHECK(xml_text("\xf4\x90\x80\x80").size() == 4 * replaced.size());  // beyond U+10FFFF
}

}  // namespace
}  // namespace rehang
