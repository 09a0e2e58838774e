#include "base/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace rehang {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};

// The number and its unit, multiplied; nothing if the text is not one number followed by one of the units.
std::optional<double> parse_with_unit(std::string_view text, std::span<const Unit> units) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
    const std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
    for (const Unit& unit : units)
        if (rest == unit.name) return number * unit.factor;
    return std::nullopt;
}

constexpr std::array<Unit, 4> time_units = {{{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"min", 60e6}}};
constexpr std::array<Unit, 4> size_units = {
    {{"", 1}, {"KiB", 1024.0}, {"MiB", 1024.0 * 1024}, {"GiB", 1024.0 * 1024 * 1024}}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    const auto micros = parse_with_unit(text, time_units);
    if (!micros || *micros > 86400e6) return std::nullopt;
    return Duration(std::llround(*micros));
}

std::string format_duration(Duration duration) {
    const auto us = static_cast<double>(duration.count());
    if (us < 1e3) return fmt::format("{}us", duration.count());
    if (us < 1e6) return fmt::format("{:.3g}ms", us / 1e3);
    return fmt::format("{:.4g}s", us / 1e6);
}

std::optional<unsigned long long> parse_size(std::string_view text) {
    const auto bytes = parse_with_unit(text, size_units);
    if (!bytes || *bytes > 1e15) return std::nullopt;
    return static_cast<unsigned long long>(*bytes);
}

std::string format_size(unsigned long long bytes) {
    for (auto unit = size_units.rbegin(); unit != size_units.rend(); ++unit) {
        const auto factor = static_cast<unsigned long long>(unit->factor);
        if (bytes >= factor && bytes % factor == 0) return fmt::format("{}{}", bytes / factor, unit->name);
    }
    return fmt::format("{}", bytes);
}

}  // namespace rehang
