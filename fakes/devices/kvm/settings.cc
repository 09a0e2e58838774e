#include "devices/kvm/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/names.h"
#include "base/suggest.h"

namespace rehang::fakes::kvm {

namespace {

// What is wrong with a value; empty: nothing.
struct Wrong {
    std::string message;
    std::string hint;
    explicit operator bool() const { return !message.empty(); }
};

std::string hint_for(std::string_view written, const std::vector<std::string>& names) {
    const auto near = nearest(written, names);
    return near.empty() ? "" : fmt::format("did you mean \"{}\"?", near.front());
}

std::optional<std::uint64_t> number(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
        base = 16;
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Wrong read_errno(const std::string& value, int& into) {
    const auto known = errno_value(value);
    if (!known) return {fmt::format("unknown errno \"{}\"", value), hint_for(value, errno_names())};
    into = *known;
    return {};
}

Wrong read_bool(const std::string& value, bool& into) {
    if (value != "true" && value != "false")
        return {fmt::format("\"{}\" is neither true nor false", value), ""};
    into = value == "true";
    return {};
}

Wrong read_gic(const std::string& value, KvmSettings& into) {
    static const std::vector<std::string> kinds = {"v2", "v3", "v2+v3", "none", "v2-hollow"};
    if (std::ranges::find(kinds, value) == kinds.end()) {
        std::string hint = hint_for(value, kinds);
        if (hint.empty()) hint = "it is v2, v3, v2+v3, none or v2-hollow";
        return {fmt::format("unknown gic \"{}\"", value), hint};
    }
    into.gic_v2_hollow = value == "v2-hollow";
    into.gic_v2 = value == "v2" || value == "v2+v3" || into.gic_v2_hollow;
    // Where the field met it, GICv3 was what worked around it.
    into.gic_v3 = value == "v3" || value == "v2+v3" || into.gic_v2_hollow;
    return {};
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::optional<MmioWrite> mmio_write(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto address = number(trimmed(text.substr(0, colon)));
    const auto value = number(trimmed(text.substr(colon + 1)));
    if (!address || !value || *value > UINT32_MAX) return std::nullopt;
    return MmioWrite{.address = *address, .value = static_cast<std::uint32_t>(*value)};
}

// "0x09000030:0x301, 0x09000038:0x7ff"
Wrong read_mmio_writes(std::string_view value, std::vector<MmioWrite>& into) {
    into.clear();
    while (!trimmed(value).empty()) {
        const auto comma = value.find(',');
        const std::string_view item = trimmed(value.substr(0, comma));
        const auto write = mmio_write(item);
        if (!write)
            return {fmt::format("\"{}\" is no ADDRESS:VALUE", item),
                    "a 32-bit write is \"0x09000030:0x301\"; several are separated by commas"};
        into.push_back(*write);
        value = comma == std::string_view::npos ? "" : value.substr(comma + 1);
    }
    return {};
}

std::uint32_t most_vcpus(Architecture architecture) {
    return architecture == Architecture::x86 ? 1024 : 512;
}

Wrong read_vcpus_max(Architecture architecture, const std::string& value, KvmSettings& into) {
    const auto count = number(value);
    const auto most = most_vcpus(architecture);
    if (!count || *count == 0 || *count > most)
        return {fmt::format("\"{}\" is no number from 1 to {}", value, most), ""};
    into.vcpus_max = static_cast<std::uint32_t>(*count);
    return {};
}

Wrong read_count(const std::string& value, std::uint64_t& into) {
    const auto count = number(value);
    if (!count) return {fmt::format("\"{}\" is no number", value), ""};
    into = *count;
    return {};
}

struct Known {
    std::string_view name;
    bool arm64_only;
    Wrong (*read)(Architecture architecture, const std::string& value, KvmSettings& into);
};

using A = Architecture;
using S = std::string;
using K = KvmSettings;
constexpr auto known_settings = std::to_array<Known>({
    {"open", false, [](A, const S& value, K& into) { return read_errno(value, into.open); }},
    {"create_vm", false, [](A, const S& value, K& into) { return read_errno(value, into.create_vm); }},
    {"irq_line", false, [](A, const S& value, K& into) { return read_errno(value, into.irq_line); }},
    {"irq_line_after", false,
     [](A, const S& value, K& into) { return read_count(value, into.irq_line_after); }},
    {"vcpus_max", false, read_vcpus_max},
    {"mmio_writes", false,
     [](A, const S& value, K& into) { return read_mmio_writes(value, into.mmio_writes); }},
    {"gic", true, [](A, const S& value, K& into) { return read_gic(value, into); }},
    {"pmu", true, [](A, const S& value, K& into) { return read_bool(value, into.pmu); }},
    {"pmu_irq", true, [](A, const S& value, K& into) { return read_errno(value, into.pmu_irq); }},
    {"pmu_init", true, [](A, const S& value, K& into) { return read_errno(value, into.pmu_init); }},
});

const Known* find_known(Architecture architecture, std::string_view name) {
    const auto found = std::ranges::find(known_settings, name, &Known::name);
    if (found == known_settings.end()) return nullptr;
    return found->arm64_only && architecture != Architecture::arm64 ? nullptr : &*found;
}

SettingProblem unknown_setting(Architecture architecture, std::size_t index, const std::string& name) {
    std::vector<std::string> names;
    for (const Known& known : known_settings)
        if (find_known(architecture, known.name)) names.emplace_back(known.name);
    std::string hint = hint_for(name, names);
    if (hint.empty() && find_known(Architecture::arm64, name)) hint = "only kvm-arm64 has it";
    return {.setting = index,
            .of_name = true,
            .message = fmt::format("unknown setting \"{}\"", name),
            .hint = hint};
}

}  // namespace

std::vector<SettingProblem> check_kvm_settings(Architecture architecture, const Settings& settings) {
    std::vector<SettingProblem> problems;
    KvmSettings read;
    for (std::size_t index = 0; index < settings.size(); ++index) {
        const auto& [name, value] = settings[index];
        const Known* known = find_known(architecture, name);
        if (!known) {
            problems.push_back(unknown_setting(architecture, index, name));
        } else if (auto wrong = known->read(architecture, value, read)) {
            problems.push_back({.setting = index, .message = wrong.message, .hint = wrong.hint});
        } else if (name == "irq_line_after" &&
                   std::ranges::count(settings, S("irq_line"), &std::pair<S, S>::first) == 0) {
            problems.push_back({.setting = index,
                                .of_name = true,
                                .message = "\"irq_line_after\" says nothing without \"irq_line\"",
                                .hint = "irq_line = \"ENXIO\" is what fails after that many calls"});
        }
    }
    return problems;
}

KvmSettings kvm_settings(Architecture architecture, const Settings& settings) {
    KvmSettings read{.vcpus_max = most_vcpus(architecture)};
    for (const auto& [name, value] : settings)
        if (const Known* known = find_known(architecture, name)) known->read(architecture, value, read);
    return read;
}

}  // namespace rehang::fakes::kvm
