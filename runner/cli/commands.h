// What a command line can say, and the commands.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace rehang {

struct Arguments {
    std::vector<std::string> scenarios;  // files, folders, or names from the catalogue
    std::vector<std::string> set;        // "K=V"
    unsigned repeat = 1;
    unsigned jobs = 1;
    std::uint64_t seed = 0;
    std::string json;   // file, "-" for stdout, "" for none
    std::string trace;  // file, "" for none
    bool keep = false;
    bool core = false;
    bool gdb = false;
    bool verbose = false;
    bool quiet = false;
    std::vector<int> pids;  // of diagnose
    std::string tree;       // "", "ancestor", "related"
    bool watch = false;
    std::string folder;  // of list
    int parent = 0;      // of worker: who started it
    std::string device;  // of record-ioctl
    std::string output;  // a file, "-" for stdout, "" for one named like the device
    std::vector<std::string> command;
    std::string reproduced,
        seen;  // of match: a report or a scenario; a backtrace or a report (of scaffold: or a pid)
};

ExitCode run(const Arguments& arguments);
ExitCode check(const Arguments& arguments);
ExitCode diagnose(const Arguments& arguments);
ExitCode match(const Arguments& arguments);
ExitCode scaffold(const Arguments& arguments);
ExitCode list(const Arguments& arguments);
ExitCode record_ioctl(const Arguments& arguments);
ExitCode doctor(const Arguments& arguments);

}  // namespace rehang
