#include "scaffold/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/files.h"
#include "scaffold/lock_wait.h"

namespace rehang {
namespace {

// Names of processes have small letters, digits, "-" and "_".
std::string as_process_name(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (std::isalnum(u) || c == '-' || c == '_') name += static_cast<char>(std::tolower(u));
    }
    return name.empty() || !std::isalpha(static_cast<unsigned char>(name.front())) ? "program" : name;
}

std::string name_of(const SeenProcess& process) {
    const std::string_view program =
        process.command.empty() ? std::string_view(process.program)
                                : std::string_view(process.command).substr(0, process.command.find(' '));
    if (!program.empty()) return as_process_name(file_name(program));
    return as_process_name(process.threads.empty() ? "" : process.threads.back().name);
}

bool waits_for_lock(const SeenProcess& process) {
    return std::ranges::any_of(process.threads,
                               [](const SeenThread& t) { return lock_wait_of(t).has_value(); });
}

const SeenThread* first_thread(const SeenProcess& process) {
    const auto first = std::ranges::find(process.threads, 1U, &SeenThread::nth);
    return first == process.threads.end() ? nullptr : &*first;
}

// Its first thread is in a function that makes a daemon, and waits for what it will say.
bool daemonizes(const SeenProcess& process) {
    const SeenThread* const first = first_thread(process);
    return first && first->wait == WaitClass::read &&
           std::ranges::any_of(first->stack,
                               [](const SeenFrame& frame) { return frame.function.contains("daemon"); });
}

bool waits_for_child(const SeenProcess& process) {
    const SeenThread* const first = first_thread(process);
    return first && first->wait == WaitClass::child;
}

std::string root_of(const std::string& label) {
    return label.substr(0, label.find('/'));
}

// Of a report: paths tell the tree. A root of its own that runs the same program is a daemon, whose parents
// have gone or do not count as such any more.
void place_by_labels(const Sighting& seen, Places& places) {
    const SeenProcess& first = seen.processes.front();
    const auto renamed = [&](const std::string& label) {
        return places.root + label.substr(root_of(label).size());
    };
    std::string zombie;
    for (const SeenProcess& process : seen.processes) {
        if (root_of(process.label) == root_of(first.label)) {
            places.tree.push_back(
                {.path = renamed(process.label), .process = &process, .zombie = process.ended});
            if (process.ended) zombie = renamed(process.label);
        }
    }
    for (const SeenProcess& process : seen.processes) {
        if (root_of(process.label) == root_of(first.label)) continue;
        if (process.label.contains('/') || process.program != first.program || process.program.empty()) {
            places.others.push_back(&process);
            continue;
        }
        if (zombie.empty()) zombie = places.root + "/1";
        places.tree.push_back({.path = zombie + "/1", .process = &process, .zombie = false});
        places.concluded.push_back(
            fmt::format("{} runs the same program, and is nobody's child any more: a daemon, "
                        "forked twice",
                        process.label));
    }
}

// Of a backtrace: who waits for a lock, and who made it.
void place_by_stacks(const Sighting& seen, Places& places) {
    const SeenProcess *stuck = nullptr, *parent = nullptr;
    for (const SeenProcess& process : seen.processes)
        if (!stuck && waits_for_lock(process)) stuck = &process;
    for (const SeenProcess& process : seen.processes)
        if (&process != stuck && !parent && stuck && (daemonizes(process) || waits_for_child(process)))
            parent = &process;
    if (!stuck || !parent) {
        const SeenProcess* const root = stuck ? stuck : &seen.processes.front();
        places.root = name_of(*root);
        places.tree.push_back({.path = places.root, .process = root, .zombie = false});
    } else {
        places.root = name_of(*parent) == "program" ? name_of(*stuck) : name_of(*parent);
        places.tree.push_back({.path = places.root, .process = parent, .zombie = false});
        std::string path = places.root + "/1";
        if (daemonizes(*parent)) {
            places.tree.push_back({.path = path, .process = nullptr, .zombie = true});
            places.concluded.push_back(fmt::format(
                "{} makes a daemon, and such functions fork twice: the process between them is gone",
                parent->label));
            path += "/1";
        }
        places.tree.push_back({.path = path, .process = stuck, .zombie = false});
    }
    for (const SeenProcess& process : seen.processes)
        if (std::ranges::none_of(places.tree, [&](const Place& place) { return place.process == &process; }))
            places.others.push_back(&process);
}

}  // namespace

Places find_places(const Sighting& seen) {
    Places places;
    if (seen.processes.empty()) return places;
    if (seen.is_report) {
        places.root = name_of(seen.processes.front());
        place_by_labels(seen, places);
    } else {
        place_by_stacks(seen, places);
    }
    return places;
}

std::string parent_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace rehang
