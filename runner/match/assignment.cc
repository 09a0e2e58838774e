#include "match/assignment.h"

#include <algorithm>
#include <limits>

namespace rehang {

// The Hungarian method with potentials, in rows² · columns. Source: H. W. Kuhn, "The Hungarian method for the
// assignment problem", 1955; in the form of shortest augmenting paths. Indices start at 1: column 0 is where
// each path begins.
std::vector<std::optional<size_t>> best_assignment(const std::vector<std::vector<double>>& value) {
    const size_t rows = value.size();
    std::vector<std::optional<size_t>> column_of(rows);
    if (rows == 0 || value.front().empty()) return column_of;
    // At least as many columns as rows: a column that does not exist is worth 0.
    const size_t columns = std::max(rows, value.front().size());
    const auto cost = [&](size_t row, size_t column) {
        return column < value[row].size() ? -value[row][column] : 0.0;
    };
    std::vector<double> row_potential(rows + 1), column_potential(columns + 1);
    std::vector<size_t> row_of(columns + 1, 0), from(columns + 1, 0);
    for (size_t row = 1; row <= rows; ++row) {
        std::vector<double> least(columns + 1, std::numeric_limits<double>::infinity());
        std::vector<bool> visited(columns + 1, false);
        size_t column = 0;
        row_of[0] = row;
        do {
            visited[column] = true;
            const size_t at = row_of[column];
            double step = std::numeric_limits<double>::infinity();
            size_t next = 0;
            for (size_t j = 1; j <= columns; ++j) {
                if (visited[j]) continue;
                const double reduced = cost(at - 1, j - 1) - row_potential[at] - column_potential[j];
                if (reduced < least[j]) {
                    least[j] = reduced;
                    from[j] = column;
                }
                if (least[j] < step) {
                    step = least[j];
                    next = j;
                }
            }
            for (size_t j = 0; j <= columns; ++j) {
                if (visited[j]) {
                    row_potential[row_of[j]] += step;
                    column_potential[j] -= step;
                } else {
                    least[j] -= step;
                }
            }
            column = next;
        } while (row_of[column] != 0);
        for (; column != 0; column = from[column]) row_of[column] = row_of[from[column]];
    }
    for (size_t j = 1; j <= columns; ++j) {
        const size_t row = row_of[j];
        if (row != 0 && j - 1 < value[row - 1].size() && value[row - 1][j - 1] > 0)
            column_of[row - 1] = j - 1;
    }
    return column_of;
}

}  // namespace rehang
