// Reports of several machines as one. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace rehang {

struct ReportFile {
    std::string name;
    nlohmann::json document;
};

struct Merged {
    nlohmann::json document;           // of all their runs, by file, parameters, role and repetition
    std::vector<std::string> missing;  // shards that are not there, reports that broke off: a sentence each
    std::set<size_t> again;            // which shards these are; a report that is no shard is 1 of 1
};

// Errors: a file that is no report of this format, two that are the same shard, shards of different
// campaigns.
Expected<Merged> merge(std::vector<ReportFile> files);

// "2,5-7", as Slurm's --array takes them.
std::string ranges_text(const std::set<size_t>& numbers);

}  // namespace rehang
