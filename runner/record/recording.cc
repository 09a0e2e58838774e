#include "record/recording.h"

#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/if.h>
#include <linux/loop.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <tuple>

namespace rehang {
namespace {

using fakes::DescribedAnswer;
using fakes::DescribedBytes;
using fakes::DescribedRequest;
using fakes::Description;
using Calls = std::vector<const RecordedCall*>;

// As small as no address is.
constexpr std::uint64_t largest_plain_argument = 65535;

auto given_by(const RecordedCall& call) {
    return std::tie(call.result, call.written, call.opened);
}

bool same_answer(const RecordedCall& one, const RecordedCall& other) {
    // The number of a new descriptor is the target's affair.
    if (!one.opened.empty() && one.opened == other.opened) return one.written == other.written;
    return given_by(one) == given_by(other);
}

DescribedAnswer answer_of(const RecordedCall& call) {
    return {.value = call.opened.empty() ? call.result : 0,
            .out = call.written,
            .opens = call.opened,
            .state = {}};
}

// The last answer stays: what repeats it need not be told.
std::vector<DescribedAnswer> answers_of(const Calls& calls) {
    size_t count = calls.size();
    while (count > 1 && same_answer(*calls[count - 1], *calls[count - 2])) --count;
    std::vector<DescribedAnswer> answers;
    for (size_t i = 0; i < count; ++i) answers.push_back(answer_of(*calls[i]));
    return answers;
}

bool all_answered_the_same(const Calls& calls) {
    return std::ranges::all_of(calls, [&](const auto* call) { return same_answer(*call, *calls.front()); });
}

// In the order of their first calls.
template <class Key>
std::vector<std::pair<Key, Calls>> grouped(const Calls& calls,
                                           const std::function<Key(const RecordedCall&)>& key_of) {
    std::vector<std::pair<Key, Calls>> groups;
    for (const RecordedCall* call : calls) {
        const Key key = key_of(*call);
        const auto group = std::ranges::find(groups, key, &std::pair<Key, Calls>::first);
        if (group == groups.end())
            groups.push_back({key, {call}});
        else
            group->second.push_back(call);
    }
    return groups;
}

DescribedRequest request_of(const Calls& calls) {
    const RecordedCall& first = *calls.front();
    return {.request = first.request,
            .on = first.on,
            .state = {},
            .argument = {},
            .where = {},
            .answers = answers_of(calls)};
}

void describe(const Calls& calls, std::vector<DescribedRequest>& requests) {
    if (all_answered_the_same(calls)) {
        requests.push_back(request_of(calls));
        return;
    }
    const bool plain = std::ranges::all_of(calls, [](const auto* call) {
        return call->written.empty() && call->argument <= largest_plain_argument;
    });
    if (plain) {
        for (const auto& [argument, group] :
             grouped<std::uint64_t>(calls, [](const RecordedCall& call) { return call.argument; })) {
            requests.push_back(request_of(group));
            requests.back().argument = argument;
        }
        return;
    }
    const auto by_content = grouped<std::string>(calls, [](const RecordedCall& call) { return call.before; });
    const bool content_decides = std::ranges::all_of(by_content, [](const auto& group) {
        return !group.first.empty() && all_answered_the_same(group.second);
    });
    if (!content_decides || by_content.size() == calls.size()) {  // each one once: it may hold addresses
        requests.push_back(request_of(calls));
        return;
    }
    for (const auto& [content, group] : by_content) {
        requests.push_back(request_of(group));
        requests.back().where.push_back({.offset = 0, .bytes = content});
    }
}

}  // namespace

Description Recording::description() const {
    Calls all;
    for (const RecordedCall& call : calls_) all.push_back(&call);
    Description description;
    using Kind = std::pair<std::string, std::uint32_t>;
    for (const auto& [kind, calls] :
         grouped<Kind>(all, [](const RecordedCall& call) { return Kind(call.on, call.request); }))
        describe(calls, description.requests);
    for (const auto& [file, size] : mapped_) description.files.push_back({.name = file, .mapped = size});
    return description;
}

std::size_t argument_size(std::uint32_t request) {
    if (const size_t encoded = _IOC_SIZE(request); encoded != 0) return encoded;
    // The kernel's struct termios, asm-generic/termbits.h; the C library's is larger.
    constexpr size_t kernel_termios = 4 * 4 + 1 + 19;
    switch (request) {
        case TCGETS:
        case TCSETS:
        case TCSETSW:
        case TCSETSF:
            return kernel_termios;
        case TIOCGWINSZ:
        case TIOCSWINSZ:
            return sizeof(winsize);
        case TIOCGPGRP:
        case TIOCSPGRP:
        case TIOCGSID:
        case TIOCOUTQ:
        case FIONREAD:
        case FIONBIO:
        case TIOCMGET:
        case TIOCGETD:
        case TIOCGSOFTCAR:
        case BLKROGET:
        case BLKSSZGET:
            return sizeof(int);
        case BLKGETSIZE:
        case BLKRAGET:
            return sizeof(long);
        case HDIO_GETGEO:
            return sizeof(hd_geometry);
        case LOOP_GET_STATUS64:
        case LOOP_SET_STATUS64:
            return sizeof(loop_info64);
        default:
            return 0;
    }
}

std::vector<DescribedBytes> changed_parts(std::string_view before, std::string_view after) {
    constexpr size_t few = 16;
    std::vector<DescribedBytes> parts;
    const size_t size = std::min(before.size(), after.size());
    std::optional<std::pair<size_t, size_t>> open;  // of changed bytes, and one behind the last
    const auto close = [&] {
        if (open)
            parts.push_back({.offset = static_cast<unsigned>(open->first),
                             .bytes = std::string(after.substr(open->first, open->second - open->first))});
        open.reset();
    };
    for (size_t at = 0; at < size; ++at) {
        if (before[at] == after[at]) continue;
        if (open && at - open->second > few) close();
        if (!open) open = {at, at};
        open->second = at + 1;
    }
    close();
    return parts;
}

}  // namespace rehang
