// A table of texts for people: the first column to the left, the others to the right.
#pragma once

#include <string>
#include <vector>

namespace rehang::bench {

using Row = std::vector<std::string>;

// `head` has as many cells as each row. With a line between head and rows, and a newline at the end.
std::string table(const Row& head, const std::vector<Row>& rows);

// The middle one of the values, of which there is at least one.
double median(std::vector<double> values);

}  // namespace rehang::bench
