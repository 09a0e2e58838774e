#include "scenario/call_buffers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace rehang {
namespace {

using CallArgument = std::pair<std::string_view, unsigned>;

// Calls whose number of bytes is one plain argument.
constexpr auto byte_counts = std::to_array<CallArgument>({
    {"read", 2},
    {"write", 2},
    {"pread64", 2},
    {"pwrite64", 2},
    {"sendto", 2},
    {"recvfrom", 2},
    {"getrandom", 1},
    {"sendfile", 3},
    {"splice", 4},
    {"tee", 2},
    {"copy_file_range", 4},
    {"getdents", 2},
    {"getdents64", 2},
    {"readlink", 2},
    {"readlinkat", 3},
});

// Calls that return how many bytes they have put into a buffer, and which argument that is.
constexpr auto read_buffers = std::to_array<CallArgument>({
    {"read", 1},
    {"pread64", 1},
    {"recvfrom", 1},
    {"getrandom", 0},
    {"readlink", 1},
    {"readlinkat", 2},
    {"mq_timedreceive", 1},
    {"getxattr", 2},
    {"lgetxattr", 2},
    {"fgetxattr", 2},
});

template <class Table>
std::optional<unsigned> find(const Table& table, std::string_view call) {
    const auto* const found = std::ranges::find(table, call, &CallArgument::first);
    return found == table.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<unsigned> byte_count_argument(std::string_view call) {
    return find(byte_counts, call);
}

std::optional<unsigned> read_buffer(std::string_view call) {
    return find(read_buffers, call);
}

std::expected<BufferCondition, std::string> written_buffer(std::string_view call) {
    if (call == "write" || call == "pwrite64" || call == "sendto")
        return BufferCondition{.buffer = 1, .size = 2, .vectors = {}, .prefix = {}};
    if (call == "writev" || call == "pwritev" || call == "pwritev2" || call == "vmsplice")
        return BufferCondition{.buffer = 1, .size = {}, .vectors = 2, .prefix = {}};
    if (call == "sendmsg" || call == "sendmmsg")
        return std::unexpected(
            fmt::format("what {} sends is not looked at: its bytes lie behind two pointers; name the socket "
                        "with fd instead",
                        call));
    return std::unexpected(fmt::format("{} writes nothing that could begin so", call));
}

}  // namespace rehang
