// What the exit status of rehang means.
#pragma once

#include <algorithm>
#include <array>
#include <csignal>

#include "base/error.h"

namespace rehang {

enum class ExitCode {
    as_expected = 0,                // every scenario came out as expected
    differs = 1,                    // at least one did not
    broken = 2,                     // usage, or a broken scenario: nothing was run
    failed = 3,                     // the runner could not do its work
    unsupported = 125,              // this host can't run it; what git bisect run takes as "can't tell"
    stop_bisect = 128,              // to git bisect run: nothing can be told of any version
    interrupted = 128 + SIGINT,     // Ctrl-C or SIGTERM
    closed_output = 128 + SIGPIPE,  // nobody reads stdout any more: `rehang … | head`
};

// Of a command that an error has ended.
inline ExitCode exit_code_of(const Error& error) {
    switch (error.kind) {
        case Error::Kind::usage:
            return ExitCode::broken;
        case Error::Kind::unsupported:
            return ExitCode::unsupported;
        case Error::Kind::failed:
            break;
    }
    return ExitCode::failed;
}

// Of several results the one that matters most: failed, broken, differs, unsupported, as expected.
inline ExitCode worse(ExitCode a, ExitCode b) {
    constexpr std::array by_weight = {ExitCode::as_expected, ExitCode::unsupported, ExitCode::differs,
                                      ExitCode::broken,      ExitCode::failed,      ExitCode::closed_output,
                                      ExitCode::interrupted};
    return std::max(std::ranges::find(by_weight, a), std::ranges::find(by_weight, b))[0];
}

}  // namespace rehang
