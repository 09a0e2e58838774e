// The order of Debian's version numbers (deb-version(7)). Pure.
#pragma once

#include <compare>
#include <string_view>

namespace rehang {

// As `dpkg --compare-versions`: 1:0.9 comes after 2.10, 1.0~rc1 before 1.0, 2.10 after 2.9.
std::weak_ordering compare_debian_versions(std::string_view a, std::string_view b);

}  // namespace rehang
