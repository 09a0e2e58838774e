// A [[fault]] as it stands in the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scenario/located.h"

namespace rehang {

// An entry of `where`, `data`, `data_before` or `data_after`: one of these three.
struct ArgumentDecl {
    Text name;                                   // of an argument or a struct; or "path", "begins"
    std::optional<Text> value;                   // text, or a number
    std::optional<Located<std::string>> bytes;   // written as a list of numbers
    std::vector<std::pair<Text, Text>> members;  // of the struct; "it_value.tv_sec" for nested ones
};

// Numbers and durations stay as they are written, because they may be parameters.
struct SyscallFaultDecl {
    Texts calls;  // key: syscall; names, groups such as "%file", regular expressions "/…/"
    std::optional<Text> thread;
    bool below = true;
    std::vector<ArgumentDecl> where;
    std::optional<Text> device;  // only calls on descriptors of it, and those that name its path

    std::optional<Text> nth, from, to, every, times, probability, count;
    std::optional<Text> after, before;  // names of points; after may be after_entry_word
    std::optional<Text> while_held;     // key: while; a hold's name

    std::optional<Text> error;    // key: errno
    std::optional<Text> returns;  // key: return
    std::vector<ArgumentDecl> data, data_before, data_after;
    std::optional<Text> instead;
    std::optional<Text> limit_bytes, delay, delay_after, signal, signal_to;
    std::optional<Text> hold, limit;  // until this point; at most so long
    bool kill = false;
    bool log = false;

    bool in_kernel = false;
    bool optional = false;

    Texts keys;  // all that the table has, each at its place
    // Where the table has the key.
    std::optional<Span> place_of(std::string_view key) const {
        for (const Text& there : keys)
            if (there.value == key) return there.at;
        return std::nullopt;
    }
};
inline constexpr std::string_view after_entry_word = "main";

struct FaultDecl {
    Span at;
    Text name;
    Text process;
    // one of these two
    std::optional<Text> function;  // "MODULE!SYMBOL", …
    std::optional<SyscallFaultDecl> call;
    std::optional<Located<std::int64_t>> returns;  // … which returns this
};

}  // namespace rehang
