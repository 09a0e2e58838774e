#include "host/host.h"

#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "host/packages.h"
#include "host/probes.h"

namespace rehang {

namespace {

void append(std::vector<Ability>& all, std::vector<Ability> more) {
    std::ranges::move(more, std::back_inserter(all));
}

std::vector<Ability> probe_required() {
    std::vector<Ability> abilities = probe_namespaces();
    append(abilities, probe_watching());
    abilities.push_back(probe_hardware_breakpoint());
    abilities.push_back(probe_seccomp_trace());
    return abilities;
}

}  // namespace

Ability ability_from(std::string name, int errno_value, std::string seen, std::string fix) {
    if (errno_value == 0) return {.name = std::move(name), .ok = true, .detail = std::move(seen), .fix = {}};
    return {
        .name = std::move(name), .ok = false, .detail = std::strerror(errno_value), .fix = std::move(fix)};
}

std::vector<Ability> probe_host() {
    std::vector<Ability> abilities = probe_required();
    abilities.push_back(probe_seccomp_notification());
    append(abilities, probe_programs());
    return abilities;
}

namespace {

const Ability& notification() {
    static const Ability ability = probe_seccomp_notification();
    return ability;
}

}  // namespace

bool can_notify() {
    return notification().ok;
}

Expected<void> require_notification() {
    if (notification().ok) return {};
    return unsupported(fmt::format("this host can't run scenarios with fakes: {}: {}", notification().name,
                                   notification().detail),
                       notification().fix);
}

RequiredAbilities::RequiredAbilities() : abilities_(probe_required()) {}

Expected<void> RequiredAbilities::meet(HostNeeds needs) const {
    for (const Ability& ability : abilities_) {
        const bool needed = ability.use == Ability::Use::always ||
                            (ability.use == Ability::Use::breakpoints && needs.breakpoints);
        if (ability.ok || !needed) continue;
        const std::string_view what =
            ability.use == Ability::Use::always
                ? "this host can't run scenarios"
                : "this host can't run scenarios with points or faults at functions";
        return unsupported(fmt::format("{}: {}: {}", what, ability.name, ability.detail), ability.fix);
    }
    return {};
}

Expected<void> require_host(HostNeeds needs) {
    return RequiredAbilities().meet(needs);
}

HostInfo host_info() {
    utsname names{};
    ::uname(&names);
    return {.kernel = names.release,
            .machine = names.machine,
            .libc = fmt::format("glibc {}", ::gnu_get_libc_version()),
            .distribution = read_os_release().pretty_name,
            .processors = static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)))};
}

}  // namespace rehang
