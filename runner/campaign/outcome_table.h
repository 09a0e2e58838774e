// What came out for every combination of parameters, as a table: for the terminal, and in Markdown for a bug report.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "campaign/tally.h"
#include "report/text.h"

namespace rehang {

struct OutcomeCell {
    std::string text;  // "hung: inherited-lock"; "" where nothing was run
    bool good = true;
};

// Of one scenario whose parameters had several values. One that had only one value is in no row and no column.
struct OutcomeTable {
    std::string title;                 // the scenario's name, and "(control)" for its control's table
    std::vector<std::string> columns;  // the first ones are names of parameters, the others head the cells
    struct Row {
        std::vector<std::string> values;  // of these parameters
        std::vector<OutcomeCell> cells;
    };
    std::vector<Row> rows;
};

// With one parameter that varies: a row a value, a column each for the scenario and its control. With several: the last
// one's values are the columns, and the control has a table of its own. Scenarios without any have no table.
std::vector<OutcomeTable> outcome_tables(const std::vector<Tally>& tallies);

std::string render_tables(const std::vector<OutcomeTable>& tables, const TextStyle& style);
std::string markdown_tables(const std::vector<OutcomeTable>& tables);
// All tallies, a row each, for a page that says how a campaign went.
std::string markdown_summary(const std::vector<Tally>& tallies);

}  // namespace rehang
