#include "table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace rehang::bench {
namespace {

std::vector<size_t> column_widths(const Row& head, const std::vector<Row>& rows) {
    std::vector<size_t> widths;
    for (const std::string& cell : head) widths.push_back(cell.size());
    for (const Row& row : rows)
        for (size_t column = 0; column < row.size(); ++column)
            widths.at(column) = std::max(widths.at(column), row[column].size());
    return widths;
}

std::string line(const Row& row, const std::vector<size_t>& widths) {
    std::string text = fmt::format("{:<{}}", row.front(), widths.front());
    for (size_t column = 1; column < row.size(); ++column)
        text += fmt::format("  {:>{}}", row[column], widths[column]);
    return text + "\n";
}

}  // namespace

std::string table(const Row& head, const std::vector<Row>& rows) {
    const std::vector<size_t> widths = column_widths(head, rows);
    std::string text = line(head, widths);
    text += std::string(text.size() - 1, '-') + "\n";
    for (const Row& row : rows) text += line(row, widths);
    return text;
}

double median(std::vector<double> values) {
    REHANG_CHECK(!values.empty());
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace rehang::bench
