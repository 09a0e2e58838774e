#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "host/host.h"
#include "report/text_layout.h"

namespace rehang {
namespace {

bool is_required(const Ability& ability) {
    return ability.use == Ability::Use::always;
}

// What can still be done where not all can.
std::string conclusion(const std::vector<Ability>& abilities) {
    if (std::ranges::any_of(abilities, [](const Ability& a) { return !a.ok && is_required(a); }))
        return "rehang can't run here until what is marked ✗ is fixed\n";
    const bool breakpoints = std::ranges::all_of(
        abilities, [](const Ability& a) { return a.ok || a.use != Ability::Use::breakpoints; });
    return breakpoints ? "rehang can run here\n"
                       : "rehang can run here, but no scenario that has points or faults at functions\n";
}

std::string ability_text(const Ability& ability, size_t names, const TextStyle& style) {
    const std::string mark = ability.ok             ? painted("✓", Tone::good, style)
                             : is_required(ability) ? painted("✗", Tone::bad, style)
                                                    : painted("–", Tone::warn, style);
    // The mark is painted and so can't be measured: wrapped() gets a plain lead, the mark replaces its first
    // column.
    std::string text =
        wrapped("  " + padded(ability.name, names + 2), ability.detail, style).replace(0, 1, mark);
    if (!ability.ok && !ability.fix.empty()) text += wrapped("    fix: ", ability.fix, style);
    return text;
}

std::string host_line(const HostInfo& host) {
    return fmt::format("{}, Linux {} {}, {}, {} processors\n", host.distribution, host.kernel, host.machine,
                       host.libc, host.processors);
}

}  // namespace

ExitCode doctor(const Arguments&) {
    const TextStyle style = stdout_style(false);
    const std::vector<Ability> abilities = probe_host();
    size_t names = 0;
    for (const Ability& ability : abilities) names = std::max(names, columns_of(ability.name));
    std::string text = host_line(host_info());
    for (const Ability& ability : abilities) text += ability_text(ability, names, style);
    text += conclusion(abilities);
    const bool able =
        std::ranges::all_of(abilities, [](const Ability& a) { return a.ok || !is_required(a); });
    if (!put(text)) return ExitCode::closed_output;
    return able ? ExitCode::as_expected : ExitCode::unsupported;
}

}  // namespace rehang
