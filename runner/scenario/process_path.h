// Names for processes and threads by their place in the fork tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rehang {

// "probe" is the [[process]] of that name, "probe/1" its first fork child, "probe/1/2" the second fork child
// of that one. Forks count in the order in which they happen in the forking process, over all its threads.
// "probe/1@exec2" is that process only while it runs the program of its second execve; "@exec0" until its
// first one. The start of a [[process]] is not one.
struct ProcessPath {
    std::string root;
    std::vector<unsigned> forks;
    std::optional<unsigned> exec = {};

    static std::optional<ProcessPath> parse(std::string_view text);
    std::string text() const;
    std::string place() const;  // without "@execN"
    bool operator==(const ProcessPath&) const = default;
    // The same process, whatever it runs.
    bool same_process(const ProcessPath& other) const { return root == other.root && forks == other.forks; }
    // `now` is a process with the number of its executions so far.
    bool names(const ProcessPath& now) const { return same_process(now) && (!exec || exec == now.exec); }
    // This process or one that descends from it, whatever they run.
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
