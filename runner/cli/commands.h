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
    std::vector<std::string> matrix;  // "K=a,b"
    std::string json;                 // file, "-" for stdout, "" for none
    std::string trace;                // file, "" for none
    std::string junit;                // file, "-" for stdout, "" for none
    std::string markdown;             // file, "-" for stdout, "" for none
    std::string shard;                // "I/N", "" for all
    std::string durations;            // an earlier report, "" for none
    std::string param;                // of bisect: whose values are versions
    std::string versions;             // where they come from
    std::string good, bad;            // of them
    std::string build;                // of commits: what builds them,
    std::string artifact;             // and the file that comes of it
    std::string find = "bug";         // "bug", "fix"
    std::string log;                  // file, "" for none
    bool each = false;                // all versions, without a search
    double noise = 0;                 // how often a version's runs are wrong about it
    double confidence = 0.99;
    bool for_git = false;  // --bisect: the exit status is for git bisect run
    bool fail_fast = false;
    bool list_only = false;
    std::vector<std::string> reports;  // of merge
    bool only_missing = false;         // of merge: nothing but which shards have to be run again
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
ExitCode bisect(const Arguments& arguments);
ExitCode check(const Arguments& arguments);
ExitCode diagnose(const Arguments& arguments);
ExitCode match(const Arguments& arguments);
ExitCode scaffold(const Arguments& arguments);
ExitCode list(const Arguments& arguments);
ExitCode merge_reports(const Arguments& arguments);
ExitCode record_ioctl(const Arguments& arguments);
ExitCode doctor(const Arguments& arguments);

}  // namespace rehang
