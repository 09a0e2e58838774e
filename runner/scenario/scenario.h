// A scenario as it stands in its file: every value with its place, parameters not yet put in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "devices/described/description.h"
#include "scenario/diagnostic.h"
#include "scenario/fault_decl.h"
#include "scenario/located.h"
#include "scenario/process_path.h"
#include "scenario/qmp_decl.h"
#include "scenario/vocabulary.h"

namespace rehang {

struct ProcessDecl {
    Span at;
    Text name;
    Texts argv;
    Texts preload;                           // LD_PRELOAD, in this order: library names or paths
    std::vector<std::pair<Text, Text>> env;  // added to the small fixed environment
    std::optional<Text> cwd;                 // default /tmp, which is private
    std::optional<QmpDecl> qmp;              // instead of argv, which then is the program that speaks
};

struct PointDecl {
    Span at;
    Text name;
    Text process;
    std::optional<Text> thread;  // default: main for born, exits and execs, any for the others
    // exactly one of these
    std::optional<Text> enter;  // "MODULE!SYMBOL", "FILE:LINE", "MODULE+0xOFFSET" or "syscall:NAME"
    std::optional<Text> leave;  // "MODULE!SYMBOL" or "syscall:NAME"
    std::optional<Span> born;
    std::optional<Span> exits;
    std::optional<Text> execs;                 // a pattern for the program, "*" for `true`
    std::optional<Text> signal;                // "SIGUSR1"
    std::optional<Text> file;                  // a path
    std::optional<Located<ForkSide>> fork;     // keys: fork.parent, fork.child
    std::optional<Text> prints;                // a regular expression
    std::optional<Text> stream;                // with prints: "stdout" (default) or "stderr"
    std::optional<Text> fault;                 // a system call fault's name: it fires
    std::vector<std::pair<Text, Text>> where;  // arguments of the system call, by name
    Located<std::int64_t> nth = {
        1, {}};  // the how manieth time, counted in the selected threads of the process together
};

// The process as a whole passes it, where `thread` does not select otherwise.
inline bool concerns_process(const PointDecl& point) {
    return point.born || point.exits || point.execs || (point.fork && point.fork->value == ForkSide::child);
}

struct HoldDecl {
    Span at_span;
    std::optional<Text> name;
    Text at;     // a point's name
    Text until;  // a point's name
    std::optional<Located<Duration>> limit;
    std::optional<Located<IfImpossible>> if_impossible;
};

struct ForkOrderDecl {
    Text process;  // the fork's child
    Located<ForkSide> first;
};

struct FakeDecl {
    Span at;
    std::optional<Text> name;     // for [control] drop
    std::optional<Text> process;  // in it and all that descends from it; default: in all
    Text device;                  // a path
    // Who answers: one of these three.
    Text model;  // empty: none
    std::optional<Text> file;
    std::optional<fakes::Description> description;  // in the scenario itself, or of the file
    std::vector<std::pair<Text, Text>> settings;    // key: with
    bool strict = false;                            // a request that the model does not have fails the run
};

struct ExpectThreadDecl {
    Span at;
    Text process;
    std::optional<Text> thread;
    std::optional<Located<WaitKind>> waits;
    Texts stack;  // parts of symbols, innermost first, gaps allowed
};

struct ExpectProcessDecl {
    Span at;
    Text process;
    Text state;  // "zombie", "running" (exists and is no zombie), "gone"
};

struct ExpectDecl {
    Span at;
    Located<Outcome> outcome;
    std::optional<Located<Cause>> cause;
    std::optional<Located<std::int64_t>> exit;  // of the first [[process]]
    std::optional<Text> signal;                 // "SIGABRT"; of the first [[process]] that was ended by one
    Texts stdout_has;  // key: stdout; each is a part of what all targets printed there
    Texts stderr_has;  // key: stderr
    Texts impossible;  // names of holds, or of their points
    std::vector<ExpectThreadDecl> threads;
    std::vector<ExpectProcessDecl> processes;
};

// What is expected of runs with these parameters, instead of [expect] itself.
struct ExpectForDecl {
    Span at;
    std::vector<std::pair<Text, Texts>> params;  // patterns (fnmatch(3)): one of each parameter's has to fit
    ExpectDecl expect;
};

struct ControlDecl {
    Span at;
    Texts drop;                              // names of faults, holds and fakes
    std::vector<std::pair<Text, Text>> set;  // parameters
    ExpectDecl expect;                       // outcome, exit, signal, stdout, stderr, impossible
};

// [[sandbox.file]]: text or append is there.
struct SandboxFileDecl {
    Span at;
    Text path;
    std::optional<Text> text;    // the whole content
    std::optional<Text> append;  // what follows on the host's content
    std::optional<Located<std::int64_t>> mode;
};

struct SandboxDecl {
    Texts private_folders;               // key: private
    std::vector<SandboxFileDecl> files;  // key: file
    std::optional<Located<std::int64_t>> pids;
    std::optional<Located<unsigned long long>> memory;  // bytes
    std::optional<Located<unsigned long long>> output;  // bytes
};

struct ParamDecl {
    Text name;
    Text value;
};

struct MatrixAxis {
    Text name;
    Texts values;
};

struct Scenario {
    std::string file;    // as the user named it
    std::string folder;  // of the file: ${scenario_dir}; absolute where the scenario was loaded from a file
    Text name;
    Text summary;
    Texts links;
    Texts tags;
    Texts needs;  // "file:LIBRARY-OR-PATH", "program:NAME", "root:arm64"
    Located<Duration> timeout = {std::chrono::seconds(10), {}};
    std::vector<ParamDecl> params;
    std::vector<MatrixAxis> matrix;
    SandboxDecl sandbox;
    std::vector<ProcessDecl> processes;
    std::vector<PointDecl> points;
    std::vector<HoldDecl> holds;
    std::vector<ForkOrderDecl> fork_order;
    std::vector<FaultDecl> faults;
    std::vector<FakeDecl> fakes;
    ExpectDecl expect;
    std::vector<ExpectForDecl> expect_for;  // key: expect.for; the first one that fits counts
    std::optional<ControlDecl> control;
};

}  // namespace rehang
