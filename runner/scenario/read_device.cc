#include "scenario/read_device.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/ioctl.h>

#include <algorithm>
#include <limits>

#include "base/duration.h"
#include "base/ioctl_requests.h"
#include "base/names.h"
#include "base/suggest.h"
#include "scenario/device_struct.h"
#include "scenario/diagnostic.h"
#include "scenario/read_text.h"

namespace rehang {
namespace {

using fakes::DescribedAnswer;
using fakes::DescribedBytes;
using fakes::DescribedLayout;
using fakes::DescribedRequest;
using fakes::Description;

// Which way a request's argument goes: what the kernel does with the memory that it points to.
enum class Way { none, in, out, both };

std::optional<Way> parse_way(std::string_view text) {
    if (text == "none") return Way::none;
    if (text == "in") return Way::in;
    if (text == "out") return Way::out;
    if (text == "both") return Way::both;
    return std::nullopt;
}

// What the number says; nothing for the old ones, which say nothing ("TCGETS").
std::optional<Way> encoded_way(std::uint32_t request) {
    if (_IOC_SIZE(request) == 0) return std::nullopt;
    switch (_IOC_DIR(request)) {
        case _IOC_WRITE:
            return Way::in;
        case _IOC_READ:
            return Way::out;
        case _IOC_READ | _IOC_WRITE:
            return Way::both;
        default:
            return std::nullopt;
    }
}

constexpr std::int64_t most_data = 1 << 20;             // as much as one call could be given
constexpr unsigned long long largest_mapped = 1 << 20;  // a vCPU has some pages

class DescriptionReader {
  public:
    explicit DescriptionReader(Problems& problems) : problems_(problems) {}

    Description read(Fields& fields) {
        Description description;
        if (const auto state = fields.maybe_text("state")) description.first_state = state->value;
        if (const auto open = fields.maybe_text("open")) description.open_errno = read_errno(*open);
        fields.each_table("opened", [&](Fields& table) { description.files.push_back(read_file(table)); });
        fields.each_table("ioctl",
                          [&](Fields& table) { description.requests.push_back(read_request(table)); });
        check_states(description);
        check_files();
        return description;
    }

  private:
    std::optional<int> read_errno(const Text& text) {
        const auto value = errno_value(text.value);
        if (!value)
            problems_.error(text.at, fmt::format("unknown errno \"{}\"{}", text.value,
                                                 did_you_mean(text.value, errno_names())));
        return value;
    }

    fakes::DescribedFile read_file(Fields& fields) {
        const Text name = fields.text("name");
        asked_files_.push_back(name);
        fields.need_at_least_one({"mapped"});
        const auto mapped = fields.maybe_size("mapped");
        if (mapped && mapped->value > largest_mapped)
            problems_.error(mapped->at, fmt::format("at most {}", format_size(largest_mapped)));
        return {.name = name.value, .mapped = mapped ? mapped->value : 0};
    }

    DescribedRequest read_request(Fields& fields) {
        DescribedRequest request;
        request.request = read_number(fields);
        if (const auto on = fields.maybe_text("on")) {
            request.on = on->value;
            asked_files_.push_back(*on);
        }
        if (const auto state = fields.maybe_text("state")) {
            request.state = state->value;
            asked_states_.push_back(*state);
        }
        const DescribedLayout layout = read_struct(fields, request.request);
        const Way way = read_way(fields, request.request);
        request.argument = read_argument(fields);
        if (const TomlEntry* where = fields.find("where")) {
            if (way == Way::out || way == Way::none)
                problems_.error(where->key_at, "the kernel does not read this request's argument");
            if (const auto* hex = std::get_if<std::string>(&where->node.value))
                request.where.push_back({.offset = 0, .bytes = read_bytes({*hex, where->node.at})});
            else
                request.where = read_values(*where, layout);
        }
        read_answers(fields, layout, way, request);
        return request;
    }

    // One answer stands in the table itself, several in a list.
    void read_answers(Fields& fields, const DescribedLayout& layout, Way way, DescribedRequest& request) {
        if (!fields.has("answers")) {
            request.answers.push_back(read_answer(fields, layout, way, request.request));
            return;
        }
        fields.each_table("answers", [&](Fields& answer) {
            request.answers.push_back(read_answer(answer, layout, way, request.request));
        });
        if (request.answers.empty()) problems_.error(fields.at(), "\"answers\" must have at least one");
        request.again = fields.maybe_flag("again").has_value();
    }

    std::uint32_t read_number(Fields& fields) {
        fields.need_at_least_one({"request"});
        const TomlEntry* entry = fields.find("request");
        if (!entry) return 0;
        constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
        if (const auto* number = std::get_if<std::int64_t>(&entry->node.value)) {
            if (*number < 0 || *number > most)
                problems_.error(entry->node.at, "a request's number has 32 bits");
            return static_cast<std::uint32_t>(*number);
        }
        const auto name = fields.maybe_text("request", "a request's name in quotes, or its number");
        if (!name) return 0;
        const auto number = ioctl_request(name->value);
        if (!number)
            problems_.error(name->at,
                            fmt::format("unknown ioctl request \"{}\"{}", name->value,
                                        did_you_mean(name->value, ioctl_request_names())),
                            "write its number if it has no name here");
        return number.value_or(0);
    }

    DescribedLayout read_struct(Fields& fields, std::uint32_t request) {
        const TomlEntry* entry = fields.find("struct");
        if (!entry) return {};
        const auto* members = std::get_if<TomlTable>(&entry->node.value);
        if (!members) {
            problems_.error(entry->node.at,
                            "\"struct\" must be a table: { tm_sec = \"s32\", name = \"char[16]\" }");
            return {};
        }
        auto layout = read_layout(*members);
        if (!layout) {
            problems_.error(layout.error().at, layout.error().message);
            return {};
        }
        const unsigned encoded = _IOC_SIZE(request);
        if (encoded != 0 && layout->size != encoded)
            problems_.error(entry->key_at,
                            fmt::format("this struct has {} bytes, but the request's number {:#x} says {}",
                                        layout->size, request, encoded),
                            "members are aligned as in C; padding that isn't natural is a member, too");
        return std::move(*layout);
    }

    // There are drivers that do something else than the numbers of their requests say.
    static Way read_way(Fields& fields, std::uint32_t request) {
        const auto written = fields.maybe_word<Way>("direction", parse_way, {"none", "in", "out", "both"});
        return written ? written->value : encoded_way(request).value_or(Way::both);
    }

    std::optional<std::uint64_t> read_argument(Fields& fields) {
        const auto number = fields.maybe_integer("argument", std::numeric_limits<std::int64_t>::min(),
                                                 std::numeric_limits<std::int64_t>::max());
        if (!number) return std::nullopt;
        return static_cast<std::uint64_t>(number->value);
    }

    std::vector<DescribedBytes> read_values(const TomlEntry& entry, const DescribedLayout& layout) {
        const auto* values = std::get_if<TomlTable>(&entry.node.value);
        if (!values || layout.members.empty()) {
            problems_.error(
                entry.node.at,
                fmt::format("\"{0}\" must be a table of members of \"struct\": {0} = {{ MEMBER = VALUE }}",
                            entry.key));
            return {};
        }
        auto bytes = read_members(*values, layout);
        if (bytes) return std::move(*bytes);
        problems_.error(bytes.error().at, bytes.error().message);
        return {};
    }

    DescribedAnswer read_answer(Fields& fields, const DescribedLayout& layout, Way way,
                                std::uint32_t request) {
        DescribedAnswer answer;
        if (fields.has("errno") && fields.has("result"))
            problems_.error(fields.at(), "an answer has a \"result\" or an \"errno\", not both");
        if (const auto name = fields.maybe_text("errno")) answer.value = -read_errno(*name).value_or(0);
        if (const auto result = fields.maybe_integer("result", 0, std::numeric_limits<int>::max()))
            answer.value = result->value;
        if (const TomlEntry* out = fields.find("out")) {
            answer.out = read_values(*out, layout);
            need_way_out(out->key_at, way);
        }
        if (const TomlEntry* data = fields.find("data")) {
            std::ranges::move(read_data(*data, fields), std::back_inserter(answer.out));
            need_way_out(data->key_at, way);
            check_size(data->key_at, answer.out, layout, request);
        }
        if (const auto opens = fields.maybe_text("opens")) {
            answer.opens = opens->value;
            opened_files_.push_back(opens->value);
        }
        if (const auto delay = fields.maybe_duration("delay")) {
            answer.delay = delay->value;
            if (!answer.opens.empty())
                problems_.error(delay->at, "an answer that opens a file can't be late");
        }
        if (const auto state = fields.maybe_text("then")) {
            answer.state = state->value;
            reached_states_.push_back(state->value);
        }
        return answer;
    }

    void need_way_out(Span at, Way way) {
        if (way == Way::in || way == Way::none)
            problems_.error(at, "the kernel does not write what this request's argument points to");
    }

    std::string read_bytes(const Text& hex) {
        auto bytes = read_hex(hex.value);
        if (bytes) return std::move(*bytes);
        problems_.error(hex.at, bytes.error());
        return {};
    }

    // "00 1f", or [{ at = 8, bytes = "00 1f" }, …].
    std::vector<DescribedBytes> read_data(const TomlEntry& data, Fields& fields) {
        if (const auto* hex = std::get_if<std::string>(&data.node.value))
            return {{.offset = 0, .bytes = read_bytes({*hex, data.node.at})}};
        std::vector<DescribedBytes> all;
        fields.each_table("data", [&](Fields& part) {
            const auto at = part.maybe_integer("at", 0, most_data);
            part.need_at_least_one({"at"});
            const Text bytes = part.text("bytes");
            if (at) all.push_back({.offset = static_cast<unsigned>(at->value), .bytes = read_bytes(bytes)});
        });
        return all;
    }

    // Some requests have a list of any length behind their struct; what stands there is written with its
    // place.
    void check_size(Span at, const std::vector<DescribedBytes>& out, const DescribedLayout& layout,
                    std::uint32_t request) {
        const size_t size = layout.size > 0 ? layout.size : _IOC_SIZE(request);
        for (const DescribedBytes& part : out)
            if (size > 0 && part.offset == 0 && part.bytes.size() > size)
                problems_.error(at, fmt::format("these are {} bytes, but the request's argument has {}",
                                                part.bytes.size(), size));
    }

    // A request that is only answered in a state that the device never gets into is a typing mistake.
    void check_states(const Description& description) {
        std::vector<std::string> possible = reached_states_;
        if (!description.first_state.empty()) possible.push_back(description.first_state);
        for (const Text& asked : asked_states_)
            if (std::ranges::find(possible, asked.value) == possible.end())
                problems_.error(asked.at,
                                fmt::format("the device never gets into the state \"{}\"{}", asked.value,
                                            did_you_mean(asked.value, possible)),
                                "it begins in the device's \"state\", and an answer's \"then\" changes it");
    }

    void check_files() {
        for (const Text& asked : asked_files_)
            if (std::ranges::find(opened_files_, asked.value) == opened_files_.end())
                problems_.error(asked.at, fmt::format("no answer \"opens\" a file \"{}\"{}", asked.value,
                                                      did_you_mean(asked.value, opened_files_)));
    }

    Problems& problems_;
    Texts asked_files_;
    std::vector<std::string> opened_files_;
    Texts asked_states_;
    std::vector<std::string> reached_states_;
};

}  // namespace

Description read_description(Fields& fields, Problems& problems) {
    return DescriptionReader(problems).read(fields);
}

ParsedDevice parse_device(std::string_view text, const std::string& file) {
    Problems problems(file);
    Description description;
    constexpr Span start = {.line = 1, .column = 1};
    if (const auto table = parse_toml(text); !table) {
        problems.error(table.error().at, table.error().message);
    } else {
        Fields::read(*table, start, "", problems, [&](Fields& root) {
            const auto format = root.integer("format");
            if (format && format->value != 1)
                problems.error(format->at, "unknown format of a device file",
                               "this version of rehang understands \"format = 1\"");
            const auto summary = root.maybe_text("summary");
            root.need_at_least_one({"ioctl", "open"});
            description = read_description(root, problems);
            if (summary) description.summary = summary->value;
        });
    }
    return {.description = std::move(description), .diagnostics = std::move(problems).take()};
}

ParsedDevice load_device(const std::string& file) {
    const auto text = read_text(file, "device");
    if (text) return parse_device(*text, file);
    return {.description = {},
            .diagnostics = {
                {.file = file, .at = {}, .message = text.error().message, .hint = text.error().hint}}};
}

}  // namespace rehang
