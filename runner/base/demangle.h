// C++ names as people write them.
#pragma once

#include <string>

namespace rehang {

// "tcmalloc::CentralFreeList::ReleaseListToSpans(void*)" from the mangled name; the name itself where it is
// not a C++ one.
std::string demangle(const std::string& mangled);
// The same without the parameter list and what follows it.
std::string demangle_short(const std::string& mangled);

}  // namespace rehang
