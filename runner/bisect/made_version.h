// A version that had to be built or unpacked before it can be run.
#pragma once

#include <string>

namespace rehang {

struct MadeVersion {
    std::string value;    // of the parameter; "" if it could not be made
    std::string why_not;  // "does not build"
    std::string log;      // a file that says more

    std::string reason() const { return why_not + ": " + log; }
};

}  // namespace rehang
