#include "supervise/event_log.h"

#include "catch.h"

namespace rehang {
namespace {

using namespace std::chrono_literals;

Event event(EventKind kind, std::chrono::milliseconds at, const char* name = "x") {
    return {.kind = kind,
            .at = std::chrono::steady_clock::time_point(at),
            .until = {},
            .who = {},
            .name = name,
            .text = {},
            .by = {}};
}

TEST_CASE("each kind has room of its own, and what did not fit is counted") {
    EventLog log(3);
    for (int i = 0; i < 10; ++i) log.add(event(EventKind::output, 1ms));
    log.add(event(EventKind::ended, 2ms));
    REQUIRE(log.events().size() == 4);
    CHECK(log.events().back().kind == EventKind::ended);
    CHECK(log.cut() == std::map<EventKind, size_t>{{EventKind::output, 7}});
}

TEST_CASE("equal looks with nothing between them are one event that lasts") {
    EventLog log;
    log.add(event(EventKind::look, 1ms, "moving"));
    log.add(event(EventKind::look, 2ms, "moving"));
    log.add(event(EventKind::look, 4ms, "moving"));
    log.add(event(EventKind::look, 5ms, "stuck"));
    log.add(event(EventKind::output, 6ms));
    log.add(event(EventKind::look, 7ms, "stuck"));
    REQUIRE(log.events().size() == 4);
    CHECK(log.events()[0].until - log.events()[0].at == 3ms);
    CHECK(log.events()[1].until == log.events()[1].at);
}

}  // namespace
}  // namespace rehang
