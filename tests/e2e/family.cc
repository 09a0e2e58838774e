#include "family.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>

#include "base/files.h"
#include "catch.h"

namespace rehang::e2e {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(30);

std::vector<int> children_of(int pid) {
    std::vector<int> pids;
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
        std::istringstream text(read_file_or_empty(task.path() / "children"));
        for (int child = 0; text >> child;) pids.push_back(child);
    }
    return pids;
}

Relative look_at(int pid) {
    const std::string stat = read_file_or_empty(fmt::format("/proc/{}/stat", pid));
    const size_t open = stat.find('('), close = stat.rfind(')');
    if (close == std::string::npos || close + 2 >= stat.size()) return {.pid = pid, .name = {}};
    return {.pid = pid, .name = stat.substr(open + 1, close - open - 1), .state = stat[close + 2]};
}

void descendants_of(int pid, std::vector<Relative>& into) {
    for (const int child : children_of(pid)) {
        into.push_back(look_at(child));
        descendants_of(child, into);
    }
}

// A pid may be given to somebody else meanwhile: then its name differs, or its parent is no relative.
std::vector<std::string> still_there(const std::vector<Relative>& family) {
    std::vector<std::string> left;
    for (const Relative& relative : family) {
        const Relative now = look_at(relative.pid);
        // Without a name it had ended when it was looked at, now or before.
        if (!now.name.empty() && now.name == relative.name && now.state != 'Z')
            left.push_back(fmt::format("{} {}", now.name, now.pid));
    }
    return left;
}

}  // namespace

std::vector<Relative> family_of(const Running& run) {
    std::vector<Relative> family = {{.pid = run.pid(), .name = "rehang"}};
    descendants_of(run.pid(), family);
    return family;
}

bool has(const std::vector<Relative>& family, const std::string& name, const std::string& states) {
    return std::ranges::any_of(family, [&](const Relative& relative) {
        return relative.name == name && states.contains(relative.state);
    });
}

void check_that_nobody_is_left(const std::vector<Relative>& family) {
    for (const auto give_up = Clock::now() + patience; Clock::now() < give_up; ::sched_yield())
        if (still_there(family).empty()) return;
    for (const std::string& left : still_there(family)) FAIL_CHECK("left behind: " << left);
}

}  // namespace rehang::e2e
