#include "scenario/fault_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/suggest.h"
#include "base/syscall_arguments.h"
#include "scenario/argument_text.h"
#include "scenario/call_buffers.h"
#include "scenario/condition_text.h"
#include "scenario/struct_use.h"

namespace rehang {
namespace {

std::string little_endian(std::uint64_t value, unsigned size) {
    std::string bytes;
    for (unsigned byte = 0; byte < size; ++byte) bytes.push_back(static_cast<char>(value >> (8 * byte)));
    return bytes;
}

class DataReader {
  public:
    DataReader(StructUse::Direction direction, const SyscallFaultDecl& fault,
               const std::vector<FaultedCall>& calls, const Judging& judging)
        : direction_(direction), fault_(fault), calls_(calls), judging_(judging) {}

    std::vector<FaultWrite> read(const std::vector<ArgumentDecl>& data) {
        for (const ArgumentDecl& entry : data) {
            if (!entry.members.empty() || is_known_struct(entry.name.value))
                members(entry);
            else
                argument(entry);
        }
        return std::move(writes_);
    }

  private:
    // The argument that `find` gives for every one of the calls.
    template <class Find>
    std::optional<unsigned> same_argument(const Text& name, const Find& find) {
        std::optional<unsigned> index;
        for (const FaultedCall& call : calls_) {
            const std::expected<unsigned, std::string> found = find(call.name);
            if (!found) {
                judging_.error(name.at, found.error());
                return std::nullopt;
            }
            if (index && *index != *found) {
                judging_.error(
                    name.at,
                    fmt::format("\"{}\" is the {}. argument of {} and the {}. of {}: write one fault "
                                "for each",
                                name.value, *index + 1, calls_.front().name, *found + 1, call.name));
                return std::nullopt;
            }
            index = *found;
        }
        return index;
    }

    void argument(const ArgumentDecl& entry) {
        const auto index = same_argument(
            entry.name, [&](const std::string& call) { return pointer(call, entry.name.value); });
        if (entry.bytes) {
            if (entry.bytes->value.empty())
                return judging_.error(entry.bytes->at, "there are no bytes in it");
            if (index) writes_.push_back({.index = *index, .offset = 0, .bytes = entry.bytes->value});
        } else if (entry.value && judging_.known(*entry.value)) {
            const std::string& text = entry.value->value;
            if (text.empty()) return judging_.error(entry.value->at, "there are no bytes in it");
            if (index) writes_.push_back({.index = *index, .offset = 0, .bytes = text});
        } else if (!entry.value) {
            judging_.error(entry.name.at,
                           fmt::format("\"{}\" is no struct that is known here{}", entry.name.value,
                                       did_you_mean(entry.name.value, struct_names())));
        }
    }

    static std::expected<unsigned, std::string> pointer(const std::string& call, const std::string& name) {
        auto index = parse_argument_name(call, name);
        const auto arguments = syscall_arguments(call);
        if (index && *index < arguments.size() && arguments[*index].kind != SyscallArgument::Kind::pointer &&
            arguments[*index].kind != SyscallArgument::Kind::path)
            return std::unexpected(fmt::format("{} of {} points to no memory", name, call));
        return index;
    }

    void members(const ArgumentDecl& entry) {
        const std::string& owner = entry.name.value;
        if (entry.members.empty())
            return judging_.error(
                entry.name.at, fmt::format("\"{0}\" is a struct: write {0} = {{ {1} = VALUE }}", owner,
                                           is_known_struct(owner) ? member_names(owner).front() : "MEMBER"));
        if (!is_known_struct(owner))
            return judging_.error(entry.name.at, fmt::format("\"{}\" is no struct that is known here{}",
                                                             owner, did_you_mean(owner, struct_names())));
        const bool all_known = std::ranges::all_of(calls_, [&](const FaultedCall& call) {
            return command_is_known(call.name, fault_.where, judging_);
        });
        if (!all_known) return;
        const auto index = same_argument(entry.name, [&](const std::string& call) {
            return argument_with_struct(owner, call, direction_, fault_.where);
        });
        for (const auto& [name, value] : entry.members) {
            const auto member = parse_member(owner, name.value);
            if (!member) {
                judging_.error(name.at, member.error(),
                               fmt::format("known are: {}", fmt::join(member_names(owner), ", ")));
            } else if (judging_.known(value)) {
                if (const auto bits = parse_member_value(*member, value.value); !bits)
                    judging_.error(value.at, bits.error());
                else if (value.value.starts_with('&'))
                    judging_.error(value.at, "bytes are written as a whole: leave the \"&\" away");
                else if (index)
                    writes_.push_back({.index = *index,
                                       .offset = member->offset,
                                       .bytes = little_endian(bits->value, member->size)});
            }
        }
    }

    StructUse::Direction direction_;
    const SyscallFaultDecl& fault_;
    const std::vector<FaultedCall>& calls_;
    const Judging& judging_;
    std::vector<FaultWrite> writes_;
};

}  // namespace

std::vector<FaultWrite> read_data(const std::vector<ArgumentDecl>& data, StructUse::Direction direction,
                                  const SyscallFaultDecl& fault, const std::vector<FaultedCall>& calls,
                                  const Judging& judging) {
    return DataReader(direction, fault, calls, judging).read(data);
}

std::int64_t answer_for(const std::vector<FaultWrite>& writes, const std::vector<FaultedCall>& calls) {
    std::int64_t answer = 0;
    for (const FaultedCall& call : calls) {
        const auto buffer = read_buffer(call.name);
        if (!buffer) return 0;
        for (const FaultWrite& write : writes)
            if (write.index == *buffer) answer = static_cast<std::int64_t>(write.bytes.size());
    }
    return answer;
}

}  // namespace rehang
