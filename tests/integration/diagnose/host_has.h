// What a test needs of this host.
#pragma once

#include <string>

namespace rehang {

// `there`. If this host has no `what`, that is said, and it is a failure where REHANG_MUST_RUN=1.
bool host_has(bool there, const std::string& what);

}  // namespace rehang
