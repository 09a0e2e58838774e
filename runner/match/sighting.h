// A hang as it was seen: by rehang, or by somebody with a debugger on another machine. What both can tell.
#pragma once

#include <string>
#include <vector>

#include "match/function_names.h"
#include "report/run_report.h"

namespace rehang {

struct SeenFrame {
    std::string function;  // without parameters; "" if it has no known name
    std::string module;    // file name; "" if it is not said
};

struct SeenThread {
    std::string label;  // "main", "thread 2 (LWP 16089)"
    std::string name;   // comm; "" if it is not said
    unsigned nth = 0;   // the debugger's number, or the number of its birth
    WaitClass wait = WaitClass::any;
    std::vector<SeenFrame> stack;  // innermost first
    bool origin = false;           // of a report: what the others wait for in the end
};

struct SeenProcess {
    std::string label;    // "probe/1/1", "process 16080"
    std::string program;  // a path, or a file's name; "" if it is not said
    std::string command;  // the whole command line, where a core file tells it
    long pid = 0;         // 0: not said
    bool ended = false;   // a zombie
    std::vector<SeenThread> threads;
};

struct Sighting {
    std::string title;
    std::vector<SeenProcess> processes;
    bool separated = true;  // which thread is of which process is known
    bool hung = true;       // false: a report of something else, which no hang can be like
    bool proven = false;
    bool is_report = false;
    Cause cause = Cause::unknown;
    std::vector<std::string> told;  // a report's sentences
};

// Of a proven hang the threads that can never go on; otherwise all that wait.
Sighting sighting_of(const RunReport& report);

// What the innermost frames say.
WaitClass wait_of(const std::vector<SeenFrame>& stack);

}  // namespace rehang
