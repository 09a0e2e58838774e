#include "bisect/debian_version.h"

#include <vector>

#include "catch.h"

namespace rehang {
namespace {

TEST_CASE("versions are in the order of dpkg --compare-versions") {
    // Each one before the next.
    const std::vector<std::string_view> ordered = {"0~~",
                                                   "0~",
                                                   "0",
                                                   "1.0~rc1-1",
                                                   "1.0-1~bpo12+1",
                                                   "1.0-1",
                                                   "1.0-1+b1",
                                                   "1.0-1+deb12u2",
                                                   "1.0-1+deb12u10",
                                                   "1.0a-1",
                                                   "1.0+dfsg-1",
                                                   "1.0.1",
                                                   "2.8.1-1",
                                                   "2.9",
                                                   "2.10-1",
                                                   "2.10-1.1",
                                                   "2.16-1",
                                                   "10.0",
                                                   "1:0.9",
                                                   "1:5.2+dfsg-11+deb11u5",
                                                   "1:7.2+dfsg-7+deb12u18+b3",
                                                   "1:10.0.2+ds-2+deb13u1~bpo12+1",
                                                   "1:10.0.2+ds-2+deb13u1",
                                                   "1:11.1.3+ds-1~bpo13+1",
                                                   "1:11.1.3+ds-1",
                                                   "2:0",
                                                   "2:20251126123456789012345678901234567890"};
    for (size_t i = 0; i < ordered.size(); ++i)
        for (size_t j = 0; j < ordered.size(); ++j) {
            CAPTURE(ordered[i], ordered[j]);
            const auto order = compare_debian_versions(ordered[i], ordered[j]);
            CHECK(std::is_lt(order) == (i < j));
            CHECK(std::is_eq(order) == (i == j));
        }
}

TEST_CASE("no epoch, no revision and zeros before a number make no difference") {
    CHECK(std::is_eq(compare_debian_versions("1.0", "0:1.0-0")));
    CHECK(std::is_eq(compare_debian_versions("1.007", "1.7")));
    CHECK(std::is_eq(compare_debian_versions("", "0")));
}

}  // namespace
}  // namespace rehang
