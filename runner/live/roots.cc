#include "live/roots.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/files.h"
#include "diagnose/census.h"
#include "diagnose/proc_files.h"

namespace rehang {
namespace {

std::optional<proc::Stat> stat_of(pid_t pid) {
    return proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", pid)));
}

bool leads_a_terminal_session(pid_t pid, const proc::Stat& stat) {
    return stat.session == pid && stat.terminal != 0;
}

pid_t topmost_ancestor(pid_t pid) {
    for (auto stat = stat_of(pid); stat && stat->parent > 1;) {
        const auto parent = stat_of(stat->parent);
        if (!parent || parent->session != stat->session || leads_a_terminal_session(stat->parent, *parent))
            break;
        pid = stat->parent;
        stat = parent;
    }
    return pid;
}

// "pipe:[12]", "socket:[7]": what connects processes. Files do not.
std::set<std::string> connections_of(pid_t pid) {
    std::set<std::string> connections;
    const auto targets = proc::read_descriptor_targets(fmt::format("/proc/{}", pid));
    for (const std::string& target : targets.value_or(std::vector<std::string>()))
        if (target.starts_with("pipe:") || target.starts_with("socket:")) connections.insert(target);
    return connections;
}

std::vector<pid_t> related_to(const std::vector<pid_t>& named) {
    std::vector<pid_t> roots = named;
    std::set<std::string> common;
    std::set<pid_t> met;
    const auto meet = [&] {
        for (const CensusProcess& process : take_census(roots, Roots::count).processes)
            if (met.insert(process.pid).second) common.merge(connections_of(process.pid));
    };
    meet();
    for (bool grown = true; grown;) {
        grown = false;
        for (const pid_t pid : proc::numbers_in("/proc").value_or(std::vector<pid_t>())) {
            if (met.contains(pid) || pid == getpid()) continue;
            const auto connections = connections_of(pid);
            if (std::ranges::none_of(connections, [&](const auto& c) { return common.contains(c); }))
                continue;
            roots.push_back(pid);
            meet();
            grown = true;
        }
    }
    return roots;
}

}  // namespace

std::optional<Tree> parse_tree(std::string_view text) {
    if (text.empty() || text == "below") return Tree::below;
    if (text == "ancestor") return Tree::ancestor;
    if (text == "related") return Tree::related;
    return std::nullopt;
}

std::vector<pid_t> roots_of(const std::vector<pid_t>& named, Tree tree) {
    switch (tree) {
        case Tree::below:
            return named;
        case Tree::ancestor: {
            std::vector<pid_t> roots;
            for (const pid_t pid : named) roots.push_back(topmost_ancestor(pid));
            return roots;
        }
        case Tree::related:
            return related_to(named);
    }
    return named;
}

}  // namespace rehang
