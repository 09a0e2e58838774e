#include "loops.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <limits>

#include "command.h"
#include "table.h"

namespace rehang::bench {
namespace {

using Argv = std::vector<std::string>;

constexpr double none = std::numeric_limits<double>::infinity();

Expected<double> cost(const Way& way, bool one_processor) {
    Argv argv = one_processor ? Argv{"taskset", "--cpu-list", std::to_string(::sched_getcpu())} : Argv{};
    argv.insert(argv.end(), way.argv.begin(), way.argv.end());
    const auto finished = run(argv);
    if (!finished) return std::unexpected(finished.error());
    // In the report, or printed: the only number before " ns".
    const size_t end = finished->output.find(" ns");
    const size_t begin =
        end == std::string::npos ? end : finished->output.find_last_not_of("0123456789.", end - 1);
    if (finished->exit != 0 || end == std::string::npos)
        return std::unexpected(Error{
            .what = fmt::format("{}: ended with {} and no time", way.name, finished->exit), .hint = {}});
    return std::stod(finished->output.substr(begin + 1));
}

// Of each way; `none` where it is not installed.
Expected<std::vector<double>> least_costs(const std::vector<Way>& ways, bool one_processor, int repeat) {
    std::vector<double> least(ways.size(), none);
    for (int i = 0; i < repeat; ++i) {
        for (size_t way = 0; way < ways.size(); ++way) {
            if (ways[way].argv.empty()) continue;
            const auto ns = cost(ways[way], one_processor);
            if (!ns) return std::unexpected(ns.error());
            least[way] = std::min(least[way], *ns);
        }
    }
    return least;
}

void add_cells(Row& row, const std::vector<double>& least, size_t way, const std::vector<Base>& bases) {
    row.push_back(least[way] == none ? "not installed" : fmt::format("{:.0f} ns", least[way]));
    for (const Base& base : bases) {
        const bool both = least[way] != none && least[base.way] != none;
        row.push_back(both ? fmt::format("{:.3f}", least[way] / least[base.way]) : "-");
    }
}

Row head_of(const std::vector<Base>& bases) {
    Row head = {""};
    for (const char* processors : {"all processors", "one"}) {
        head.emplace_back(processors);
        for (const Base& base : bases) head.push_back(base.head);
    }
    return head;
}

}  // namespace

Expected<void> print_loops(std::string_view title, const std::vector<Way>& ways,
                           const std::vector<Base>& bases, int repeat) {
    std::vector<Row> rows;
    for (const Way& way : ways) rows.push_back({way.name});
    for (const bool one_processor : {false, true}) {
        const auto least = least_costs(ways, one_processor, repeat);
        if (!least) return std::unexpected(least.error());
        for (size_t way = 0; way < ways.size(); ++way) add_cells(rows[way], *least, way, bases);
    }
    fmt::print("{}, least of {} rounds in turns.\n\n{}\n", title, repeat, table(head_of(bases), rows));
    return {};
}

}  // namespace rehang::bench
