// Failures that are nobody's mistake in a scenario: a system call that failed, a host that can't.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace rehang {

// A failure and what to do about it. Not for mistakes in a scenario (scenario/diagnostic.h), not for what a
// target did (a verdict).
struct Error {
    enum class Kind {
        failed,       // the runner could not do its work: exit code 3
        unsupported,  // this host can't: exit code 125
        usage,        // the command line or the scenario is wrong: exit code 2
    };

    Kind kind = Kind::failed;
    std::string what;  // one sentence without a full stop, outermost cause first: "can't mount /proc:
                       // Operation not permitted"
    std::string hint;  // what to do, one sentence or a command; may be empty

    // The same error, told from one level further out: "OUTER: what".
    Error in(std::string_view outer) &&;
};

template <class T>
using Expected = std::expected<T, Error>;

// std::unexpected of the errno value's text: failure("can't open /proc/self/maps") reads errno at the time of
// the call.
std::unexpected<Error> failure(std::string_view what);
std::unexpected<Error> failure(std::string_view what, int errno_value);
std::unexpected<Error> unsupported(std::string what, std::string hint);
// The command line, or a file that it names, is wrong.
std::unexpected<Error> misuse(std::string what, std::string hint = {});

// The runner's own bug: prints the condition and the place, then aborts. Stays on in release builds.
#define REHANG_CHECK(condition) \
    ((condition) ? static_cast<void>(0) : ::rehang::check_failed(#condition, __FILE__, __LINE__))
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace rehang
