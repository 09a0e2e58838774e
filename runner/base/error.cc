#include "base/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace rehang {

Error Error::in(std::string_view outer) && {
    what = fmt::format("{}: {}", outer, what);
    return std::move(*this);
}

std::unexpected<Error> failure(std::string_view what) {
    return failure(what, errno);
}

std::unexpected<Error> failure(std::string_view what, int errno_value) {
    return std::unexpected(
        Error{.what = fmt::format("{}: {}", what, std::strerror(errno_value)), .hint = {}});
}

std::unexpected<Error> unsupported(std::string what, std::string hint) {
    return std::unexpected(
        Error{.kind = Error::Kind::unsupported, .what = std::move(what), .hint = std::move(hint)});
}

std::unexpected<Error> misuse(std::string what, std::string hint) {
    return std::unexpected(
        Error{.kind = Error::Kind::usage, .what = std::move(what), .hint = std::move(hint)});
}

void check_failed(const char* condition, const char* file, int line) {
    fmt::print(stderr, "rehang: a bug in rehang itself: {}:{}: {} does not hold\n", file, line, condition);
    std::abort();
}

}  // namespace rehang
