// One run, ready to be told: to people (text.h), to programs (json.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/diagnosis.h"
#include "host/host.h"
#include "plan/plan.h"
#include "scenario/event_kind.h"

namespace rehang {

struct PointReport {
    std::string name;
    std::optional<double> reached_ms;  // since the first [[process]] was let go; nothing: never
    std::string by;                    // "probe/1 thread 2", where reached
};

struct FaultReport {
    std::string name;
    std::string does = {};  // "write: fails with ENOSPC"
    // Calls that fit while it was in force; of a function fault the program images in which the function was
    // stubbed out. Nothing for one that the kernel answers by itself.
    std::optional<std::uint64_t> matched;
    std::optional<std::uint64_t> fired;  // of those; nothing where that can't be seen
    std::string first_by = {};           // "probe/1 thread 2": whose call it fired at first
};

struct UnknownRequestReport {
    std::string name;  // "KVM_GET_SREGS2"; empty: no header has it
    std::uint32_t number = 0;
    unsigned size = 0;  // of the struct that it is about, in bytes, as the number tells
    std::uint64_t times = 0;
    std::string by;  // "qemu main": who made it first
};

struct FakeReport {
    std::string name;
    std::string device;
    std::string model;
    std::uint64_t opened = 0;
    std::uint64_t calls = 0;  // ioctls that the model answered
    std::vector<UnknownRequestReport> unknown;
};

struct UnmetHold {
    std::string hold;     // name
    std::string at;       // point where the thread stayed
    std::string missing;  // point that never came
    std::string reason;   // "its limit of 3s passed", "nobody could reach it any more: all threads waited for
                          // the held one"
    bool impossible = false;  // proven: it can't come as long as the thread stays
    std::vector<std::string>
        instead;  // where the threads of the missing point's process stood: one sentence each
};

struct QmpExchange {
    std::string said;         // JSON
    std::string got;          // JSON: {"return": …} or {"error": …}; "" if nothing came
    std::string wanted = {};  // what should have come, where something else did
};

// What a process said by QMP.
struct QmpReport {
    std::string process;  // [[process]] name
    std::string socket;
    std::vector<QmpExchange> exchanges;  // one for each command, said or not
    std::string failed = {};             // why not all was said and answered: a sentence's end
};

struct StreamReport {
    std::string process;   // [[process]] name
    std::string out, err;  // what it and its descendants wrote, as far as the limit allows
    bool out_cut = false, err_cut = false;
};

// A thread by its place: "probe/1" and its birth number there; 0: the process as a whole, "": nobody.
struct PlaceReport {
    std::string process;
    unsigned nth = 0;
    bool operator==(const PlaceReport&) const = default;
};

struct EventReport {
    double ms = 0;        // since the first [[process]] was let go
    double until_ms = 0;  // of several equal looks the last; otherwise as `ms`
    EventKind kind{};
    PlaceReport who;
    std::string name;  // of the point, fault, system call, signal, program or stream
    std::string text;  // what else there is to tell
    PlaceReport by;    // born: who made it; released: who reached the point that was awaited
};

struct CoreReport {
    std::string process;  // "probe/1"
    std::string file;
    std::string program;  // to be given to gdb with it
};

struct RunReport {
    Role role = Role::scenario;
    int repeat = 1;
    std::string file;
    std::string scenario;
    Params params;
    std::optional<std::uint64_t> seed;  // where it decided something: a fault has a probability
    Outcome outcome = Outcome::timeout;
    std::optional<int> exit;  // of the first [[process]], where it ended
    std::optional<int> signal;
    Cause cause = Cause::unknown;  // meaningful for hung
    PlaceReport innermost;         // of a hang: the thread that the others wait for in the end
    bool proven = false;
    bool as_expected = false;
    std::vector<std::string> mismatches;  // what came out differently, a sentence each
    std::vector<PointReport> points;
    std::vector<UnmetHold> unmet;
    std::vector<FaultReport> faults;
    std::vector<FakeReport> fakes;
    std::vector<DiagnosedProcess> processes;
    std::vector<GraphNode> nodes;
    std::vector<GraphEdge> edges;
    std::vector<std::string> explanation;
    std::vector<std::string> doubts;
    std::vector<std::string> notes;  // perturbations and limits met: "memory limit …", "output cut"
    std::vector<StreamReport> streams;
    std::vector<QmpReport> qmp;
    std::vector<EventReport> events;  // in the order in which the runner saw them; only where asked for
    struct {
        double setup = 0, reach = 0, proof = 0, total = 0;
    } timings_ms;
    HostInfo host;
    std::string signature;  // see signature()
    std::string kept;       // --keep: the folder that was kept
    std::vector<CoreReport> cores;
    pid_t keeper = 0;  // --keep: the process that keeps the targets alive
};

// Stable hash (16 hex digits) of outcome, cause, and for hung runs the processes' paths, states and stacks
// (module and symbol), without addresses, pids, or times.
std::string signature(const RunReport& report);

// Fills as_expected and mismatches. Pure.
void judge(RunReport& report, const Plan& plan);

}  // namespace rehang
