#include "scenario/fault_conditions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/suggest.h"
#include "base/syscall_arguments.h"
#include "scenario/call_buffers.h"
#include "scenario/condition_text.h"
#include "scenario/struct_use.h"

namespace rehang {
namespace {

// Judges one call's conditions. What only the call lacks is told apart from what is wrong for every call.
class ConditionReader {
  public:
    ConditionReader(const SyscallFaultDecl& fault, const FaultedCall& call, const Judging& judging)
        : fault_(fault), call_(call), judging_(judging) {}

    CallSelector read() {
        CallSelector selector{.number = call_.number, .arguments = {}, .more = {}};
        for (const ArgumentDecl& entry : fault_.where) add(entry, selector);
        if (fault_.device && judging_.known(*fault_.device)) device(*fault_.device, selector);
        return selector;
    }

    // The first entry that the call can't fulfil, and why.
    struct Lack {
        Span at;
        std::string message, hint;
    };
    const std::optional<Lack>& lack() const { return lack_; }
    bool is_wrong() const { return wrong_; }

  private:
    void wrong(Span at, std::string message, std::string hint = {}) {
        judging_.error(at, std::move(message), std::move(hint));
        wrong_ = true;
    }

    void lacks(const Text& entry, std::string message, std::string hint = {}) {
        if (!lack_) lack_ = Lack{.at = entry.at, .message = std::move(message), .hint = std::move(hint)};
    }

    void add(const ArgumentDecl& entry, CallSelector& selector) {
        if (entry.bytes) {
            wrong(entry.bytes->at, fmt::format("\"{}\" is compared with a number or text, not with "
                                               "a list",
                                               entry.name.value));
        } else if (!entry.members.empty() || is_known_struct(entry.name.value)) {
            members(entry, selector);
        } else if (!entry.value) {
            unknown_struct(entry.name);
        } else if (judging_.known(*entry.value)) {
            if (entry.name.value == "begins")
                buffer(entry, selector);
            else if (entry.name.value == "path")
                paths(entry, selector);
            else
                argument(entry, selector);
        }
    }

    void unknown_struct(const Text& name) {
        wrong(name.at, fmt::format("\"{}\" is no struct that is known here{}", name.value,
                                   did_you_mean(name.value, struct_names())));
    }

    void members(const ArgumentDecl& entry, CallSelector& selector) {
        const std::string& owner = entry.name.value;
        if (!is_known_struct(owner)) return unknown_struct(entry.name);
        if (entry.value || entry.members.empty())
            return wrong(entry.value ? entry.value->at : entry.name.at,
                         fmt::format("\"{0}\" is a struct: write {0} = {{ {1} = VALUE }}", owner,
                                     member_names(owner).front()));
        if (!command_is_known(call_.name, fault_.where, judging_)) return;
        const auto index = argument_with_struct(owner, call_.name, StructUse::Direction::in, fault_.where);
        if (!index) return lacks(entry.name, index.error());
        for (const auto& [name, value] : entry.members) {
            const auto member = parse_member(owner, name.value);
            if (!member) {
                wrong(name.at, member.error(),
                      fmt::format("known are: {}", fmt::join(member_names(owner), ", ")));
                continue;
            }
            if (!judging_.known(value)) continue;
            const auto bits = parse_member_value(*member, value.value);
            if (bits)
                selector.more.push_back(MemberCondition{.index = *index,
                                                        .offset = member->offset,
                                                        .size = member->size,
                                                        .mask = bits->mask,
                                                        .value = bits->value});
            else
                wrong(value.at, bits.error());
        }
    }

    void buffer(const ArgumentDecl& entry, CallSelector& selector) {
        auto buffer = written_buffer(call_.name);
        if (!buffer) return lacks(entry.name, buffer.error());
        if (entry.value->value.empty()) return wrong(entry.value->at, "everything begins with nothing");
        buffer->prefix = entry.value->value;
        selector.more.push_back(std::move(*buffer));
    }

    void paths(const ArgumentDecl& entry, CallSelector& selector) {
        const auto arguments = path_arguments(call_.name);
        if (arguments.empty()) return lacks(entry.name, fmt::format("{} is given no path", call_.name));
        path(arguments, *entry.value, selector);
    }

    void path(const std::vector<PathCondition::Argument>& arguments, const Text& pattern,
              CallSelector& selector) {
        if (auto mistake = mistake_in_path_pattern(pattern.value))
            return wrong(pattern.at, std::move(*mistake));
        selector.more.push_back(PathCondition{.arguments = arguments, .pattern = pattern.value});
    }

    void argument(const ArgumentDecl& entry, CallSelector& selector) {
        const auto index = parse_argument_name(call_.name, entry.name.value);
        if (!index) return lacks(entry.name, index.error(), argument_names_hint(call_.name));
        const auto [first, is_new] = seen_.emplace(*index, entry.name.value);
        if (!is_new)
            wrong(entry.name.at, fmt::format("\"{}\" and \"{}\" are the same argument of {}", first->second,
                                             entry.name.value, call_.name));
        const std::string& text = entry.value->value;
        const auto arguments = syscall_arguments(call_.name);
        const auto kind = *index < arguments.size() ? arguments[*index].kind : SyscallArgument::Kind::number;
        if (kind == SyscallArgument::Kind::path && !is_number(text))
            return path(path_arguments(call_.name, *index), *entry.value, selector);
        if (kind == SyscallArgument::Kind::descriptor && is_descriptor_pattern(text))
            return descriptor(*index, *entry.value, selector);
        if (entry.name.value == "fd" && is_descriptor_pattern(text))  // pidfd_getfd(2)
            return lacks(entry.name, fmt::format("fd of {} is not the caller's", call_.name));
        if (text.find("..") != std::string::npos)
            return add_to(selector.more, parse_range(call_.name, *index, text), *entry.value);
        add_to(selector.arguments, parse_argument_value(call_.name, *index, text), *entry.value);
    }

    void device(const Text& path, CallSelector& selector) {
        if (!path.value.starts_with('/'))
            return wrong(path.at, fmt::format("\"{}\" is no absolute path of a device", path.value));
        const auto arguments = syscall_arguments(call_.name);
        const auto is_descriptor = [](const SyscallArgument& argument) {
            return argument.kind == SyscallArgument::Kind::descriptor;
        };
        DeviceCondition condition{
            .descriptor = {}, .paths = path_arguments(call_.name), .device = path.value};
        // The folder that a relative path starts in is no device.
        const auto first = std::ranges::find_if(arguments, is_descriptor);
        if (condition.paths.empty() && first != arguments.end())
            condition.descriptor = static_cast<unsigned>(first - arguments.begin());
        if (condition.paths.empty() && !condition.descriptor)
            return lacks(path, fmt::format("{} is given no descriptor and no path of a device", call_.name));
        selector.more.push_back(std::move(condition));
    }

    void descriptor(unsigned index, const Text& pattern, CallSelector& selector) {
        if (auto mistake = mistake_in_descriptor_pattern(pattern.value))
            return wrong(pattern.at, std::move(*mistake));
        selector.more.push_back(DescriptorCondition{.index = index, .pattern = pattern.value});
    }

    template <class Conditions, class Parsed>
    void add_to(Conditions& conditions, const Parsed& parsed, const Text& value) {
        if (parsed)
            conditions.push_back(*parsed);
        else
            wrong(value.at, parsed.error());
    }

    const SyscallFaultDecl& fault_;
    const FaultedCall& call_;
    const Judging& judging_;
    std::map<unsigned, std::string> seen_;
    std::optional<Lack> lack_;
    bool wrong_ = false;
};

}  // namespace

std::vector<CallSelector> select_calls(const SyscallFaultDecl& fault, const std::vector<FaultedCall>& calls,
                                       const Judging& judging) {
    std::vector<CallSelector> selectors;
    std::optional<ConditionReader::Lack> of_group;  // the first one
    std::string group;
    std::set<Span> reported;  // one call is enough for each condition
    for (const FaultedCall& call : calls) {
        ConditionReader reader(fault, call, judging);
        CallSelector selector = reader.read();
        if (reader.is_wrong()) break;  // other calls would say the same
        if (!reader.lack()) {
            selectors.push_back(std::move(selector));
        } else if (call.only_in_group) {
            if (!of_group) of_group = reader.lack(), group = call.group;
        } else if (const auto& lack = *reader.lack(); reported.insert(lack.at).second) {
            judging.error(lack.at, lack.message, lack.hint);
        }
    }
    if (selectors.empty() && of_group && reported.empty())
        judging.error(of_group->at,
                      fmt::format("no call of {} can fulfil this: {}", group, of_group->message));
    return selectors;
}

}  // namespace rehang
