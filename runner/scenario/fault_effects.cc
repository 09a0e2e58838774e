#include "scenario/fault_effects.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <limits>
#include <utility>

#include "base/names.h"
#include "base/suggest.h"
#include "base/syscall_groups.h"
#include "scenario/call_buffers.h"
#include "scenario/call_name.h"
#include "scenario/fault_data.h"
#include "scenario/fault_number.h"

namespace rehang {
namespace {

using Words = std::pair<std::string_view, std::string_view>;

// Keys that can't be together, and why.
struct Contradiction {
    std::string_view first, second, why;
};
constexpr auto contradictions = std::to_array<Contradiction>({
    {"errno", "return", "a call answers one thing"},
    {"errno", "limit_bytes", "the call is not made"},
    {"return", "limit_bytes", "the call is not made"},
    {"data", "limit_bytes", "the call is not made"},
    {"data_before", "errno", "the call is not made: \"data\" says what is written"},
    {"data_before", "return", "the call is not made: \"data\" says what is written"},
    {"data_before", "data", "the call is not made"},
    {"data_after", "errno", "the call is not made: \"data\" says what is written"},
    {"data_after", "return", "the call is not made: \"data\" says what is written"},
    {"data_after", "data", "the call is not made"},
    {"instead", "errno", "a call answers one thing"},
    {"instead", "return", "a call answers one thing"},
    {"instead", "data", "no call is made"},
    {"instead", "data_before", "the other call reads nothing"},
    {"instead", "limit_bytes", "the other call is told no number of bytes"},
    {"kill", "errno", "nobody is left to get it"},
    {"kill", "return", "nobody is left to get it"},
    {"kill", "data", "nobody is left to read it"},
    {"kill", "data_before", "the call is not made"},
    {"kill", "data_after", "nobody is left to read it"},
    {"kill", "instead", "the process ends at once"},
    {"kill", "limit_bytes", "the call is not made"},
    {"kill", "delay", "the process ends at once"},
    {"kill", "delay_after", "nobody is left to wait"},
    {"kill", "signal", "the process ends at once"},
    {"kill", "hold", "nobody is left to be held"},
});

constexpr auto effect_keys =
    std::to_array<std::string_view>({"errno", "return", "data", "data_before", "data_after", "instead",
                                     "limit_bytes", "delay", "delay_after", "signal", "kill", "hold", "log"});

// Keys that say more about another one.
constexpr auto companions = std::to_array<Words>({{"signal_to", "signal"}, {"limit", "hold"}});

class EffectReader {
  public:
    EffectReader(const FaultDecl& fault, const std::vector<FaultedCall>& calls, const Judging& judging)
        : declared_(fault), fault_(*fault.call), calls_(calls), judging_(judging) {}

    FaultEffect read() {
        there_is_one();
        keys_fit_together();
        answer();
        effect_.writes_before =
            read_data(fault_.data_before, StructUse::Direction::in, fault_, calls_, judging_);
        effect_.writes_after =
            read_data(fault_.data_after, StructUse::Direction::out, fault_, calls_, judging_);
        instead();
        if (fault_.limit_bytes) limit();
        effect_.delay = duration(fault_.delay, judging_).value_or(Duration(0));
        effect_.delay_after = duration(fault_.delay_after, judging_).value_or(Duration(0));
        duration(fault_.limit, judging_);
        signal();
        effect_.kill = fault_.kill;
        return std::move(effect_);
    }

  private:
    void there_is_one() {
        if (std::ranges::any_of(effect_keys, [&](auto key) { return fault_.place_of(key).has_value(); }))
            return;
        judging_.error(declared_.at, "this fault does nothing",
                       "give it errno, return, data, data_before, data_after, instead, limit_bytes, delay, "
                       "delay_after, signal, kill, hold, or log = true to count the calls");
    }

    void keys_fit_together() {
        for (const auto& [first, second, why] : contradictions) {
            const auto a = fault_.place_of(first);
            const auto b = fault_.place_of(second);
            if (!a || !b) continue;
            const bool in_order = *a < *b;
            judging_.error(in_order ? *b : *a,
                           fmt::format("\"{}\" contradicts \"{}\" (line {}): {}", in_order ? second : first,
                                       in_order ? first : second, (in_order ? *a : *b).line, why));
        }
        for (const auto& [key, needed] : companions)
            if (const auto at = fault_.place_of(key); at && !fault_.place_of(needed))
                judging_.error(*at, fmt::format("\"{}\" says nothing without \"{}\"", key, needed));
    }

    void answer() {
        if (fault_.error && judging_.known(*fault_.error)) {
            if (const auto value = errno_value(fault_.error->value))
                effect_.answer = -*value;
            else
                judging_.error(fault_.error->at,
                               fmt::format("unknown errno \"{}\"{}", fault_.error->value,
                                           did_you_mean(fault_.error->value, errno_names())));
        }
        if (const auto value =
                whole_number("return", fault_.returns, std::numeric_limits<std::int64_t>::min(),
                             std::numeric_limits<std::int64_t>::max(), judging_))
            effect_.answer = *value;
        if (fault_.data.empty()) return;
        effect_.writes = read_data(fault_.data, StructUse::Direction::out, fault_, calls_, judging_);
        if (!fault_.error && !fault_.returns) effect_.answer = answer_for(effect_.writes, calls_);
    }

    // Whatever is in the arguments, and whoever relies on the call, a call without either can do no harm.
    void instead() {
        if (!fault_.instead || !judging_.known(*fault_.instead)) return;
        const std::string& name = fault_.instead->value;
        const auto number = parse_call_name(name);
        if (!number) return judging_.error(fault_.instead->at, number.error());
        const auto harmless = syscall_group("%pure").value();
        if (std::ranges::find(harmless, name) == harmless.end())
            return judging_.error(fault_.instead->at,
                                  fmt::format("{} can't be made instead of another call: it has arguments, "
                                              "or does more than answer",
                                              name),
                                  fmt::format("calls that can: {}", fmt::join(harmless, ", ")));
        effect_.instead = *number;
    }

    void limit() {
        const auto bytes = whole_number("limit_bytes", fault_.limit_bytes, 0,
                                        std::numeric_limits<std::int32_t>::max(), judging_);
        if (bytes) effect_.limit_bytes = static_cast<std::uint64_t>(*bytes);
        const FaultedCall* first = nullptr;
        for (const FaultedCall& call : calls_) {
            const auto argument = byte_count_argument(call.name);
            if (!argument)
                return judging_.error(
                    fault_.limit_bytes->at,
                    fmt::format("{} is told no number of bytes that could be limited", call.name),
                    "calls that are: read, write, pread64, pwrite64, sendto, recvfrom, "
                    "getrandom, sendfile, splice, copy_file_range, getdents64, readlink");
            if (first && *argument != effect_.limited_argument)
                return judging_.error(
                    fault_.limit_bytes->at,
                    fmt::format("{} and {} are told their number of bytes in different arguments: write one "
                                "fault for each",
                                first->name, call.name));
            if (!first) first = &call;
            effect_.limited_argument = *argument;
        }
    }

    void signal() {
        if (fault_.signal && judging_.known(*fault_.signal)) {
            effect_.signal = signal_value(fault_.signal->value);
            if (!effect_.signal)
                judging_.error(fault_.signal->at,
                               fmt::format("unknown signal \"{}\"{}", fault_.signal->value,
                                           did_you_mean(fault_.signal->value, signal_names())));
            if (effect_.signal == SIGKILL)
                judging_.error(fault_.signal->at, "SIGKILL ends the process before the call",
                               "write kill = true instead");
        }
        if (!fault_.signal_to || !judging_.known(*fault_.signal_to)) return;
        const std::string& to = fault_.signal_to->value;
        effect_.signal_process = to == "process";
        if (to != "process" && to != "thread")
            judging_.error(
                fault_.signal_to->at,
                fmt::format("unknown signal_to \"{}\"{}", to, did_you_mean(to, {"thread", "process"})),
                "known are: thread, process");
    }

    const FaultDecl& declared_;
    const SyscallFaultDecl& fault_;
    const std::vector<FaultedCall>& calls_;
    const Judging& judging_;
    FaultEffect effect_;
};

}  // namespace

FaultEffect read_effect(const FaultDecl& fault, const std::vector<FaultedCall>& calls,
                        const Judging& judging) {
    return EffectReader(fault, calls, judging).read();
}

}  // namespace rehang
