// A mistake in a scenario: where it is, what is wrong, what to do.
#pragma once

#include <compare>
#include <string>
#include <vector>

namespace rehang {

// A place in a scenario file; lines and columns count from 1, 0 is "the file as a whole".
struct Span {
    int line = 0;
    int column = 0;
    auto operator<=>(const Span&) const = default;  // in the order of the file
};

struct Diagnostic {
    enum class Severity { error, note };  // a note alone does not make the scenario invalid

    Severity severity = Severity::error;
    std::string file;
    Span at;
    std::string message;  // with its suggestion: `unknown system call "raed"; did you mean "read"?`
    std::string hint;     // what to do, where the message does not say it; may be empty
};

using Diagnostics = std::vector<Diagnostic>;

bool has_errors(const Diagnostics& diagnostics);
// By place, at one place by message.
void sort_by_place(Diagnostics& diagnostics);
// "FILE:LINE:COLUMN: error: MESSAGE" and the hint on a line of its own; without line and column for the file
// as a whole.
std::string format(const Diagnostic& diagnostic);

}  // namespace rehang
