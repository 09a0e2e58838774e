#include "bisect/versions.h"

#include "catch.h"

namespace rehang {
namespace {

TEST_CASE("a list of versions is taken as it stands") {
    CHECK(read_versions("list:1.9,1.10,2.0") == std::vector<std::string>{"1.9", "1.10", "2.0"});
}

TEST_CASE("a source that gives no versions is refused with a reason") {
    const auto what = [](std::string_view source) {
        const auto versions = read_versions(source);
        return versions ? std::string("read") : versions.error().what;
    };
    for (const char* wrong : {"", "list", "list:", "1,2,3", "git-ish:x"}) {
        CAPTURE(wrong);
        CHECK_THAT(what(wrong), Catch::Matchers::StartsWith("--versions wants list:A,B,C"));
    }
    CHECK(what("list:1") == "--versions has fewer than two versions");
    CHECK(what("list:1,,2") == "a version of --versions is empty");
    CHECK(what("list:1,2,1") == "the version 1 comes twice in --versions");
    CHECK(what("dir:/no/such/folder/*") == "nothing fits /no/such/folder/*");
    CHECK_THAT(what("file:/no/such/file"), Catch::Matchers::Contains("/no/such/file"));
}

}  // namespace
}  // namespace rehang
