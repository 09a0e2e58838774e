#include "host_has.h"

#include <cstdlib>

#include "catch.h"

namespace rehang {

bool host_has(bool there, const std::string& what) {
    if (there) return true;
    const char* const must_run = std::getenv("REHANG_MUST_RUN");
    if (must_run && std::string(must_run) == "1") FAIL("no " << what << " here");
    WARN("did not run: no " << what << " here");
    return false;
}

}  // namespace rehang
