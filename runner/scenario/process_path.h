// Names for processes and threads by their place in the fork tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rehang {

// "probe" is the [[process]] of that name, "probe/1" its first fork child, "probe/1/2" the second fork child
// of that one. Forks count in the order in which they happen in the forking process, over all its threads.
struct ProcessPath {
    std::string root;
    std::vector<unsigned> forks;

    static std::optional<ProcessPath> parse(std::string_view text);
    std::string text() const;
    bool operator==(const ProcessPath&) const = default;
    // This process or one that descends from it.
    bool covers(const ProcessPath& other) const;
    // This process descends from `other`, or is it.
    bool within(const ProcessPath& other) const { return other.covers(*this); }
};

// main, !main, name:COMM, nth:N (the process's threads in the order of their birth, main is nth:1).
struct ThreadSelector {
    enum class Kind { any, main, not_main, name, nth };
    Kind kind = Kind::any;
    std::string name;  // for Kind::name, as in /proc/TID/comm: at most 15 bytes
    unsigned nth = 0;  // for Kind::nth

    static std::optional<ThreadSelector> parse(std::string_view text);
    std::string text() const;  // "main"; "any" for Kind::any
    bool operator==(const ThreadSelector&) const = default;
    // `thread_name` is the thread's current name, `thread_nth` its birth number.
    bool matches(std::string_view thread_name, unsigned thread_nth) const;
};

}  // namespace rehang
