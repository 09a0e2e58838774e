#include "plan/check_symbols.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/demangle.h"
#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"

namespace rehang {
namespace {

constexpr size_t most_candidates = 4;  // listed of an ambiguous name

// One use of a place in the code in the Plan.
struct PlaceUse {
    const CodePlace& place;
    const PlannedProcess& process;
    Span at;
};

// The functions, with their parameters, that the bare name `symbol` can mean.
std::vector<std::string> overloads(const std::string& symbol, const std::vector<std::string>& functions) {
    std::vector<std::string> found;
    for (const std::string& function : functions) {
        std::string text = demangle(function);
        if (text.starts_with(symbol + "(") && std::ranges::find(found, text) == found.end())
            found.push_back(std::move(text));
    }
    std::ranges::sort(found);
    if (found.size() > most_candidates) found.resize(most_candidates);
    return found;
}

class SymbolCheck {
  public:
    SymbolCheck(const Plan& plan, const Libraries& libraries) : plan_(plan), libraries_(libraries) {}

    Diagnostics run() && {
        for (const PlannedProcess& process : plan_.processes) check_program(process);
        for (const PlannedPoint& point : plan_.points) {
            if (const auto* enters = std::get_if<EntersSymbol>(&point.event))
                check({enters->place, process_of(point.process), point.at});
            if (const auto* leaves = std::get_if<LeavesSymbol>(&point.event))
                check({leaves->place, process_of(point.process), point.at});
            if (const auto* enters = std::get_if<EntersGuestFunction>(&point.event))
                check_guest(*enters, process_of(point.process), point.at);
        }
        for (const PlannedFunctionFault& fault : plan_.function_faults) {
            const CodePlace place{.module = fault.module, .where = fault.symbol};
            check({place, process_of(fault.process), fault.at});
        }
        sort_by_place(diagnostics_);
        return std::move(diagnostics_);
    }

  private:
    const PlannedProcess& process_of(const ProcessPath& path) const {
        const auto process = std::ranges::find(plan_.processes, path.root, &PlannedProcess::name);
        REHANG_CHECK(process != plan_.processes.end());
        return *process;
    }

    // One that the scenario lists in its needs is not a mistake where it is missing: the run is unsupported.
    void check_program(const PlannedProcess& process) {
        const std::string& program = process.argv.front();
        const bool listed = std::ranges::any_of(
            plan_.needs, [&](const std::string& need) { return need.ends_with(":" + program); });
        if (listed || libraries_.can_execute(program)) return;
        diagnostics_.push_back(
            {.severity = Diagnostic::Severity::error,
             .file = plan_.file,
             .at = process.at,
             .message = fmt::format("there is no program {}", program),
             .hint = "write a path, or the name of a program in the sandbox's PATH; or list it in "
                     "needs, as \"program:NAME\", if it is not on every host"});
    }

    void check(const PlaceUse& use) {
        const std::string module =
            use.place.module.empty() ? std::string(file_name(use.process.argv.front())) : use.place.module;
        const auto file = libraries_.find(module, use.process);
        if (!file)
            return add(Diagnostic::Severity::note, use,
                       fmt::format("there is no {} on this host, so \"{}\" could not be checked", module,
                                   shown(use.place)));
        std::visit([&](const auto& where) { check_in(use, *file, where); }, use.place.where);
    }

    void check_guest(const EntersGuestFunction& enters, const PlannedProcess& process, Span at) {
        const CodePlace place{.module = enters.module, .where = enters.symbol};
        const PlaceUse use{place, process, at};
        if (!has_client(process))
            add(Diagnostic::Severity::note, use,
                fmt::format("{} seems to be without the preload client, which points in guests need",
                            process.name),
                "preload it in the guest: \"-E\", \"LD_PRELOAD=${targets}/fake_client-aarch64.so\"");
        const auto file = libraries_.find_in_guest(enters.module, process);
        if (!file)
            return add(Diagnostic::Severity::note, use,
                       fmt::format("{} was not found for {}, so \"{}\" could not be checked", enters.module,
                                   process.name, enters.symbol));
        check_in(use, *file, enters.symbol);
    }

    static bool has_client(const PlannedProcess& process) {
        const auto named = [](const std::string& text) { return text.contains("/fake_client-"); };
        return std::ranges::any_of(process.argv, named) ||
               std::ranges::any_of(process.env, [&](const auto& variable) { return named(variable.second); });
    }

    static std::string shown(const CodePlace& place) {
        const auto* symbol = std::get_if<std::string>(&place.where);
        return symbol ? *symbol : place.text();
    }

    void check_in(const PlaceUse& use, const std::string& file, const std::string& symbol) {
        const size_t matches = libraries_.matches(file, symbol);
        if (matches == 0)
            add(Diagnostic::Severity::error, use,
                fmt::format("{} has no function \"{}\"{}", file_name(file), symbol,
                            did_you_mean(symbol, libraries_.functions(file))),
                fmt::format("looked in {}", file));
        else if (matches > 1)
            ambiguous(use, file, symbol, matches);
    }

    void ambiguous(const PlaceUse& use, const std::string& file, const std::string& symbol, size_t matches) {
        const auto candidates = overloads(symbol, libraries_.functions(file));
        add(Diagnostic::Severity::error, use,
            fmt::format("{} has {} functions \"{}\"; say which one with its parameters", file_name(file),
                        matches, symbol),
            candidates.empty() ? std::string() : fmt::format("for example: {}", fmt::join(candidates, "; ")));
    }

    void check_in(const PlaceUse& use, const std::string& file, const SourceLine& line) {
        const Libraries::Line found = libraries_.line(file, line);
        const auto error = [&](std::string message, std::string hint = {}) {
            add(Diagnostic::Severity::error, use, std::move(message), std::move(hint));
        };
        if (!found.debug_information)
            error(fmt::format("{} has no debug information, so it has no lines", file_name(file)),
                  "compile it with -g, install its debug symbols, or name a function: \"MODULE!SYMBOL\"");
        else if (!found.nearest)
            error(fmt::format("{} was not made from a file \"{}\"{}", file_name(file), line.source,
                              did_you_mean(line.source, found.sources)),
                  fmt::format("looked in {}", file));
        else if (found.functions.empty())
            error(fmt::format("line {} of {} has no code; the nearest line that has is {}", line.line,
                              line.source, *found.nearest));
        else if (found.functions.size() > 1)
            error(fmt::format("line {} of {} is compiled into {} functions: {}", line.line, line.source,
                              found.functions.size(), fmt::join(found.functions, ", ")),
                  "name one of them: \"MODULE!SYMBOL\"");
    }

    void check_in(const PlaceUse& use, const std::string& file, const CodeOffset& offset) {
        if (!libraries_.is_code(file, offset.value))
            add(Diagnostic::Severity::error, use,
                fmt::format("{} has no code at {:#x}", file_name(file), offset.value),
                fmt::format("an offset is an address as in nm and objdump: looked in {}", file));
    }

    void add(Diagnostic::Severity severity, const PlaceUse& use, std::string message, std::string hint = {}) {
        diagnostics_.push_back({.severity = severity,
                                .file = plan_.file,
                                .at = use.at,
                                .message = std::move(message),
                                .hint = std::move(hint)});
    }

    const Plan& plan_;
    const Libraries& libraries_;
    Diagnostics diagnostics_;
};

}  // namespace

Diagnostics check_symbols(const Plan& plan, const Libraries& libraries) {
    return SymbolCheck(plan, libraries).run();
}

}  // namespace rehang
