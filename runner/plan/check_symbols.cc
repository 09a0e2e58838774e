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

// One use of MODULE!SYMBOL in the Plan.
struct SymbolUse {
    const std::string& module;
    const std::string& symbol;
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
        for (const PlannedPoint& point : plan_.points)
            if (const auto* enters = std::get_if<EntersSymbol>(&point.event))
                check({enters->module, enters->symbol, process_of(point.process), point.at});
        for (const PlannedFunctionFault& fault : plan_.function_faults)
            check({fault.module, fault.symbol, process_of(fault.process), fault.at});
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

    void check(const SymbolUse& use) {
        const auto file = libraries_.find(use.module, use.process);
        if (!file)
            return add(Diagnostic::Severity::note, use,
                       fmt::format("there is no {} on this host, so \"{}\" could not be checked", use.module,
                                   use.symbol));
        const size_t matches = libraries_.matches(*file, use.symbol);
        if (matches == 0)
            unknown(use, *file);
        else if (matches > 1)
            ambiguous(use, *file, matches);
    }

    void unknown(const SymbolUse& use, const std::string& file) {
        add(Diagnostic::Severity::error, use,
            fmt::format("{} has no function \"{}\"{}", file_name(file), use.symbol,
                        did_you_mean(use.symbol, libraries_.functions(file))),
            fmt::format("looked in {}", file));
    }

    void ambiguous(const SymbolUse& use, const std::string& file, size_t matches) {
        const auto candidates = overloads(use.symbol, libraries_.functions(file));
        add(Diagnostic::Severity::error, use,
            fmt::format("{} has {} functions \"{}\"; say which one with its parameters", file_name(file),
                        matches, use.symbol),
            candidates.empty() ? std::string() : fmt::format("for example: {}", fmt::join(candidates, "; ")));
    }

    void add(Diagnostic::Severity severity, const SymbolUse& use, std::string message,
             std::string hint = {}) {
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
