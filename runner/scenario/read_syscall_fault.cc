#include "scenario/read_syscall_fault.h"

#include <fmt/format.h>

namespace rehang {
namespace {

// Reads the tables `where`, `data`, `data_before` and `data_after`, whose keys are names of arguments and
// structs.
class ArgumentReader {
  public:
    explicit ArgumentReader(Problems& problems) : problems_(problems) {}

    std::vector<ArgumentDecl> read(const TomlEntry* table) {
        std::vector<ArgumentDecl> arguments;
        if (!table) return arguments;
        const auto* entries = std::get_if<TomlTable>(&table->node.value);
        if (!entries) {
            problems_.error(table->node.at,
                            fmt::format("\"{0}\" must be a table: {0} = {{ NAME = VALUE }}", table->key));
            return arguments;
        }
        for (const TomlEntry& entry : *entries) arguments.push_back(argument(entry));
        return arguments;
    }

  private:
    ArgumentDecl argument(const TomlEntry& entry) {
        ArgumentDecl declared{.name = {entry.key, entry.key_at}, .value = {}, .bytes = {}, .members = {}};
        if (const auto* list = std::get_if<TomlArray>(&entry.node.value))
            declared.bytes = Located<std::string>{bytes(*list), entry.node.at};
        else if (const auto* members = std::get_if<TomlTable>(&entry.node.value))
            add_members(*members, "", declared);
        else
            declared.value = value(entry);
        return declared;
    }

    void add_members(const TomlTable& table, const std::string& outer, ArgumentDecl& declared) {
        for (const TomlEntry& entry : table) {
            if (const auto* inner = std::get_if<TomlTable>(&entry.node.value))
                add_members(*inner, outer + entry.key + ".", declared);
            else if (auto read = value(entry))
                declared.members.emplace_back(Text{outer + entry.key, entry.key_at}, std::move(*read));
        }
    }

    std::string bytes(const TomlArray& list) {
        constexpr std::int64_t most = 255;
        std::string bytes;
        for (const TomlNode& element : list) {
            const auto* number = std::get_if<std::int64_t>(&element.value);
            const bool fits = number && *number >= 0 && *number <= most;
            bytes.push_back(fits ? static_cast<char>(*number) : '\0');
            if (!fits) problems_.error(element.at, fmt::format("bytes are whole numbers from 0 to {}", most));
        }
        return bytes;
    }

    std::optional<Text> value(const TomlEntry& entry) {
        if (const auto* number = std::get_if<std::int64_t>(&entry.node.value))
            return Text{fmt::format("{}", *number), entry.node.at};
        const auto* text = std::get_if<std::string>(&entry.node.value);
        if (text && text->find('\0') == std::string::npos) return Text{*text, entry.node.at};
        problems_.error(entry.node.at, fmt::format("\"{}\" must be a whole number or text", entry.key),
                        text ? "bytes that are 0 are written in a list of numbers: [71, 69, 84, 0]" : "");
        return std::nullopt;
    }

    Problems& problems_;
};

}  // namespace

SyscallFaultDecl read_syscall_fault(Fields& fields, Problems& problems) {
    SyscallFaultDecl fault;
    ArgumentReader arguments(problems);
    fault.keys = fields.keys();
    fault.calls = fields.text_or_texts("syscall");
    fault.thread = fields.maybe_text("thread");
    fault.below = fields.maybe_yes_or_no("below").value_or(true);
    fault.where = arguments.read(fields.find("where"));
    fault.device = fields.maybe_text("device");

    fault.nth = fields.maybe_number("nth");
    fault.from = fields.maybe_number("from");
    fault.to = fields.maybe_number("to");
    fault.every = fields.maybe_number("every");
    fault.times = fields.maybe_number("times");
    fault.probability = fields.maybe_number("probability", true);
    fault.count = fields.maybe_text("count");
    fault.after = fields.maybe_text("after");
    fault.before = fields.maybe_text("before");
    fault.while_held = fields.maybe_text("while");

    fault.error = fields.maybe_text("errno");
    fault.returns = fields.maybe_number("return");
    fault.data = arguments.read(fields.find("data"));
    fault.data_before = arguments.read(fields.find("data_before"));
    fault.data_after = arguments.read(fields.find("data_after"));
    fault.instead = fields.maybe_text("instead");
    fault.limit_bytes = fields.maybe_number("limit_bytes");
    fault.delay = fields.maybe_text("delay", "a duration in quotes, such as \"10ms\"");
    fault.delay_after = fields.maybe_text("delay_after", "a duration in quotes, such as \"10ms\"");
    fault.signal = fields.maybe_text("signal");
    fault.signal_to = fields.maybe_text("signal_to");
    fault.hold = fields.maybe_text("hold");
    fault.limit = fields.maybe_text("limit", "a duration in quotes, such as \"3s\"");
    fault.kill = fields.maybe_flag("kill").has_value();
    fault.log = fields.maybe_flag("log").has_value();

    fault.in_kernel = fields.maybe_yes_or_no("in_kernel").value_or(false);
    fault.optional = fields.maybe_yes_or_no("optional").value_or(false);
    return fault;
}

}  // namespace rehang
