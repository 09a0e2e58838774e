#include "campaign/outcome_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "report/text_layout.h"

namespace rehang {
namespace {

using Strings = std::vector<std::string>;

void add_once(Strings& to, const std::string& text) {
    if (std::ranges::find(to, text) == to.end()) to.push_back(text);
}

// Parameters that had several values; the one that turns slowest first: its value changes last along the runs.
Strings varying(const std::vector<const Tally*>& tallies) {
    std::map<std::string, size_t> changes_at;
    for (size_t i = 1; i < tallies.size(); ++i)
        for (const auto& [name, value] : tallies[i]->params)
            if (tallies.front()->params.at(name) != value) changes_at.emplace(name, i);
    Strings names;
    for (const auto& [name, at] : changes_at) names.push_back(name);
    std::ranges::stable_sort(names, std::greater(), [&](const std::string& name) { return changes_at[name]; });
    return names;
}

OutcomeCell cell_of(const std::vector<const Tally*>& tallies, const Params& fixed, const Role* role) {
    for (const Tally* tally : tallies) {
        if (role && tally->role != *role) continue;
        const bool fits =
            std::ranges::all_of(fixed, [&](const auto& p) { return tally->params.at(p.first) == p.second; });
        if (fits) return {.text = tally->outcome_text(), .good = tally->good()};
    }
    return {};
}

OutcomeTable table_of(const std::vector<const Tally*>& tallies, const Strings& names, const std::string& title) {
    constexpr std::array roles = {Role::scenario, Role::control};
    const bool by_role = names.size() == 1;
    const Strings row_names = by_role ? names : Strings(names.begin(), names.end() - 1);
    OutcomeTable table{.title = title, .columns = row_names, .rows = {}};
    Strings columns;  // values of the last parameter
    for (const Tally* tally : tallies)
        by_role ? add_once(columns, std::string(to_text(tally->role)))
                : add_once(columns, tally->params.at(names.back()));
    for (const std::string& column : columns)
        table.columns.push_back(by_role ? column : fmt::format("{}={}", names.back(), column));
    std::vector<Strings> rows;
    for (const Tally* tally : tallies) {
        Strings values;
        for (const std::string& name : row_names) values.push_back(tally->params.at(name));
        if (std::ranges::find(rows, values) == rows.end()) rows.push_back(values);
    }
    for (const Strings& values : rows) {
        OutcomeTable::Row row{.values = values, .cells = {}};
        Params fixed;
        for (size_t i = 0; i < values.size(); ++i) fixed[row_names[i]] = values[i];
        for (const std::string& column : columns) {
            if (!by_role) fixed[names.back()] = column;
            const Role* const role =
                by_role ? std::ranges::find(roles, column, [](Role r) { return to_text(r); }) : nullptr;
            row.cells.push_back(cell_of(tallies, fixed, role));
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

std::string cell_text(const OutcomeCell& cell) {
    return cell.text.empty() ? "–" : cell.text;
}

std::string without_end_spaces(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

std::string markdown_cell(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '|' || c == '\\') result += '\\';
        result += c == '\n' ? ' ' : c;
    }
    return result;
}

std::string markdown_row(const Strings& cells) {
    std::string line = "|";
    for (const std::string& cell : cells) line += fmt::format(" {} |", markdown_cell(cell));
    return line + '\n';
}

std::string markdown_rule(size_t columns) {
    std::string line = "|";
    for (size_t i = 0; i < columns; ++i) line += " --- |";
    return line + '\n';
}

}  // namespace

std::vector<OutcomeTable> outcome_tables(const std::vector<Tally>& tallies) {
    std::vector<OutcomeTable> tables;
    std::set<std::pair<std::string, std::string>> done;
    for (const Tally& first : tallies) {
        if (!done.emplace(first.file, first.scenario).second) continue;
        std::vector<const Tally*> both, of_role[2];
        for (const Tally& tally : tallies) {
            if (tally.file != first.file || tally.scenario != first.scenario) continue;
            both.push_back(&tally);
            of_role[tally.role == Role::control ? 1 : 0].push_back(&tally);
        }
        // A control may set parameters of its own: what varies is what the scenario's runs were given.
        const Strings names = varying(of_role[0]);
        if (names.empty()) continue;
        if (names.size() == 1) {
            tables.push_back(table_of(both, names, first.scenario));
            continue;
        }
        tables.push_back(table_of(of_role[0], names, first.scenario));
        if (!of_role[1].empty()) tables.push_back(table_of(of_role[1], names, first.scenario + " (control)"));
    }
    return tables;
}

std::string render_tables(const std::vector<OutcomeTable>& tables, const TextStyle& style) {
    std::string text;
    for (const OutcomeTable& table : tables) {
        std::vector<size_t> widths;
        for (const std::string& column : table.columns) widths.push_back(columns_of(column));
        for (const OutcomeTable::Row& row : table.rows) {
            for (size_t i = 0; i < row.values.size(); ++i)
                widths[i] = std::max(widths[i], columns_of(row.values[i]));
            for (size_t i = 0; i < row.cells.size(); ++i) {
                size_t& width = widths[row.values.size() + i];
                width = std::max(width, columns_of(cell_text(row.cells[i])));
            }
        }
        text += section(table.title, style);
        std::string head = " ";
        for (size_t i = 0; i < widths.size(); ++i) head += " " + padded(table.columns[i], widths[i]);
        text += painted(without_end_spaces(head), Tone::faint, style) + '\n';
        for (const OutcomeTable::Row& row : table.rows) {
            text += " ";
            for (size_t i = 0; i < row.values.size(); ++i) text += " " + padded(row.values[i], widths[i]);
            for (size_t i = 0; i < row.cells.size(); ++i)
                text += " " + painted(padded(cell_text(row.cells[i]), widths[row.values.size() + i]),
                                      row.cells[i].good ? Tone::good : Tone::bad, style);
            text = without_end_spaces(std::move(text)) + '\n';
        }
    }
    return text;
}

std::string markdown_tables(const std::vector<OutcomeTable>& tables) {
    std::string text;
    for (const OutcomeTable& table : tables) {
        text += fmt::format("{}### {}\n\n", text.empty() ? "" : "\n", table.title);
        text += markdown_row(table.columns) + markdown_rule(table.columns.size());
        for (const OutcomeTable::Row& row : table.rows) {
            Strings cells = row.values;
            for (const OutcomeCell& cell : row.cells)
                cells.push_back((cell.good ? "" : "❌ ") + cell_text(cell));
            text += markdown_row(cells);
        }
    }
    return text;
}

std::string markdown_summary(const std::vector<Tally>& tallies) {
    std::string text = markdown_row({"", "scenario", "as expected", "outcome"}) + markdown_rule(4);
    for (const Tally& tally : tallies)
        text += markdown_row({tally.good() ? "✅" : tally.skipped() ? "⏭" : "❌", tally.name(),
                              fmt::format("{} of {}", tally.as_expected, tally.runs + tally.failed),
                              tally.outcome_text()});
    return text;
}

}  // namespace rehang
