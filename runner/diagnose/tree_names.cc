#include "diagnose/tree_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace rehang {

std::string TreeNames::new_name(const ProcessSnapshot& process, const std::map<pid_t, std::string>& by_pid) {
    if (const auto parent = by_pid.find(process.parent); parent != by_pid.end())
        return fmt::format("{}/{}", parent->second, ++children_[parent->second]);
    const bool taken = std::ranges::any_of(names_, [&](const auto& n) { return n.second == process.name; });
    return taken ? fmt::format("{}[{}]", process.name, process.pid) : process.name;
}

void TreeNames::name(const Census& census, Snapshot& snapshot) {
    std::map<pid_t, std::string> by_pid;
    // By birth: a parent comes before its children.
    for (size_t i = 0; i < census.processes.size(); ++i) {
        ProcessSnapshot& process = snapshot.processes[i];
        const Birth birth(process.pid, census.processes[i].threads.front().start_time);
        auto known = names_.find(birth);
        if (known == names_.end()) known = names_.emplace(birth, new_name(process, by_pid)).first;
        process.path = known->second;
        by_pid[process.pid] = process.path;
    }
}

}  // namespace rehang
