// What one run does, fully decided: parameters put in, names resolved to indices, nothing left to look up in
// the scenario.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/duration.h"
#include "devices/described/description.h"
#include "plan/syscall_fault.h"
#include "scenario/argument_text.h"
#include "scenario/process_path.h"
#include "scenario/scenario.h"
#include "scenario/vocabulary.h"

namespace rehang {

enum class Role {
    scenario,
    control,
    diagnosis,  // no run at all: a look at processes that were there already
};
std::string_view to_text(Role role);

struct PlannedQmpCommand {
    std::string command;                // as it is sent, JSON
    std::optional<std::string> expect;  // JSON that has to be a part of what is returned
    std::optional<std::string> error;   // the class of the error that has to come
};

// What a process says by QMP, and what is expected to come back.
struct PlannedQmp {
    std::string socket;
    std::vector<PlannedQmpCommand> say;
};

struct PlannedProcess {
    std::string name;
    std::vector<std::string>
        argv;  // argv[0] is a path with a slash, or a name to be searched in the sandbox's PATH
    std::vector<std::string> preload;
    std::vector<std::pair<std::string, std::string>> env;
    std::string cwd;
    std::optional<PlannedQmp> qmp = {};
    Span at = {};  // of argv[0]
};

struct SourceLine {
    std::string source;  // a path, or the end of one
    unsigned line = 0;
    auto operator<=>(const SourceLine&) const = default;
};
struct CodeOffset {
    std::uint64_t value = 0;  // as in the file's symbol table
    auto operator<=>(const CodeOffset&) const = default;
};
// An instruction of a module.
struct CodePlace {
    std::string module;  // "libc.so.6": file name or soname; "": the program of the process
    // A function's first instruction, by its name (mangled, or demangled with or without the parameter list).
    std::variant<std::string, SourceLine, CodeOffset> where;
    auto operator<=>(const CodePlace&) const = default;

    std::string text() const;  // as the scenario has it
};

struct EntersSymbol {
    CodePlace place;
};
// A program that qemu-user runs calls the function of one of its own modules.
struct EntersGuestFunction {
    std::string module;  // file name or soname
    std::string symbol;
    auto operator<=>(const EntersGuestFunction&) const = default;

    std::string text() const;  // as the scenario has it
};
// The outermost call of the function in the thread has returned to its caller. A longjmp or an exception past
// it is no return.
struct LeavesSymbol {
    CodePlace place;
};
struct EntersSyscall {
    int number = 0;
    std::vector<ArgumentCondition> where = {};  // all of them have to hold
};
struct LeavesSyscall {
    int number = 0;
    std::vector<ArgumentCondition> where = {};
};
struct IsBorn {};
struct Exits {};
// execve(2) has succeeded; nothing of the new program has run yet.
struct Execs {
    std::string
        program;  // a pattern (fnmatch(3)): of the whole path with a slash in it, else of its last part
};
// A signal is about to be delivered to the thread; its handler, or its default action, comes next.
struct ReceivesSignal {
    int number = 0;
};
// A system call of the thread has made this path exist, which did not exist before the call.
struct MakesFile {
    std::string path;  // absolute, as the process sees it
};
// The fork that made the point's process is about to return to this side. The parent's thread passes the
// point, though the point's process is the child.
struct ReturnsFromFork {
    ForkSide side = ForkSide::child;
};
// This side has made its first system call after that fork: it is done, or the thread sleeps in it, or has
// ended. What a C library calls to complete a fork does not count.
struct GoesOnAfterFork {
    ForkSide side = ForkSide::child;
};
// A line of what the process, and all that descend from it, write to this stream has text that the pattern
// fits. No thread passes it: it is seen when it has been written.
struct Prints {
    std::string pattern;  // base/pattern.h
    bool to_stderr = false;
};
// A system call fault fires: the thread stands before the call, which it will make or not as the fault says.
struct FaultFires {
    size_t fault = 0;  // index into syscall_faults
};
using PointEvent = std::variant<EntersSymbol, LeavesSymbol, EntersSyscall, LeavesSyscall, IsBorn, Exits,
                                Execs, ReceivesSignal, MakesFile, ReturnsFromFork, GoesOnAfterFork, Prints,
                                FaultFires, EntersGuestFunction>;

struct PlannedPoint {
    std::string name;
    ProcessPath process;
    ThreadSelector thread;
    PointEvent event;
    unsigned nth = 1;
    Span at;
};

struct PlannedHold {
    std::string name;  // its own, or that of its point
    size_t at = 0;     // index into points
    size_t until = 0;  // index into points
    Duration limit = std::chrono::seconds(3);
    IfImpossible if_impossible = IfImpossible::unmet;
    Span span;
};

// In every process of `process` and below that maps the module, its function does nothing but return the
// value.
struct PlannedFunctionFault {
    std::string name;
    ProcessPath process;
    std::string module;
    std::string symbol;
    std::int64_t value = 0;
    Span at;
};

// A device that is not there: a model in the runner answers for it (fakes/devices/models.h).
struct PlannedFake {
    std::string name;                    // its own, or the device's path
    std::optional<ProcessPath> process;  // this one and all that descends from it; none: all of them
    std::string device;                  // its path
    std::string model;                   // or the file that describes it, or "described here"
    std::vector<std::pair<std::string, std::string>> settings;
    std::optional<fakes::Description> description;  // it is this instead of a model
    bool strict = false;                            // a request that the model does not have fails the run

    // The device is there for this process.
    bool is_seen_by(const ProcessPath& path) const { return !process || path.within(*process); }
};

// A file that only the sandbox has, at a path where the host may have one.
struct PlannedFile {
    std::string path;
    std::string text;
    bool appended = false;  // to the host's content
    unsigned mode = 0644;
};

struct PlannedSandbox {
    std::vector<std::string> private_folders;  // besides /tmp, /var/tmp, /run and /dev/shm
    std::vector<PlannedFile> files;
    std::vector<std::string>
        visible;  // host folders to be seen read-only even where a private folder would hide them
    unsigned pids = 256;
    unsigned long long memory = 2ULL << 30;   // bytes of address space, each process
    unsigned long long output = 16ULL << 20;  // bytes kept of each stream; the rest is read and dropped
};

struct ExpectedThread {
    ProcessPath process;
    ThreadSelector thread;
    std::optional<WaitKind> waits;
    std::vector<std::string> stack;
};

struct ExpectedProcess {
    ProcessPath process;
    std::string state;
};

struct Expectation {
    Outcome outcome = Outcome::exited;
    std::optional<Cause> cause;
    std::optional<int> exit;
    std::optional<int> signal;
    std::vector<std::string> stdout_has;
    std::vector<std::string> stderr_has;
    std::vector<std::string> impossible;  // names of holds
    std::vector<ExpectedThread> threads;
    std::vector<ExpectedProcess> processes;
};

using Params = std::map<std::string, std::string>;

struct Plan {
    Role role = Role::scenario;
    std::string file;
    std::string scenario;  // its name
    Params params;         // as used, without the built-in ones
    std::vector<std::string> needs;
    Duration timeout = std::chrono::seconds(10);
    std::vector<PlannedProcess> processes;
    std::vector<PlannedPoint> points;
    std::vector<PlannedHold> holds;
    std::vector<PlannedFunctionFault> function_faults;
    std::vector<PlannedSyscallFault> syscall_faults;
    std::vector<PlannedFake> fakes;
    std::uint64_t seed = 0;  // what faults with a probability are decided by
    PlannedSandbox sandbox;
    Expectation expect;
};

}  // namespace rehang
