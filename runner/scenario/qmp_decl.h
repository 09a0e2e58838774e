// A [[process]] that speaks QMP (QEMU's docs/interop/qmp-spec) with another one.
#pragma once

#include <optional>
#include <vector>

#include "base/duration.h"
#include "scenario/json_value.h"
#include "scenario/located.h"

namespace rehang {

struct QmpCommandDecl {
    Span at;
    Text execute;
    std::optional<JsonValue> arguments;  // a table
    // at most one of these; without them, whatever comes back will do, but no error
    std::optional<JsonValue> expect;  // has to be a part of what is returned
    std::optional<Text> error;        // the error's class
};

struct QmpDecl {
    Span at;
    Text socket;                             // path of a unix socket
    std::optional<Located<Duration>> limit;  // for the socket to be there and listen
    std::optional<Text> pidfile;             // has to name the process that listens
    std::vector<QmpCommandDecl> say;         // one after the other
};

}  // namespace rehang
