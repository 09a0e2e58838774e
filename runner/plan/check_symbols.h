// Does each library have the symbols that a Plan names? Asks the host through an interface, so that tests
// need no libraries.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "scenario/diagnostic.h"

namespace rehang {

class Libraries {
  public:
    virtual ~Libraries() = default;
    // The file that a process started with this Plan would map for `module`: one of its preloads, its
    // program, or a library of the host; nothing if there is none.
    virtual std::optional<std::string> find(const std::string& module,
                                            const PlannedProcess& process) const = 0;
    // The same for a module of the program that qemu-user runs as this process.
    virtual std::optional<std::string> find_in_guest(const std::string& module,
                                                     const PlannedProcess& process) const = 0;
    // Every function that the file defines, as it can be named in a scenario: the mangled name, and the
    // demangled one without parameters.
    virtual const std::vector<std::string>& functions(const std::string& file) const = 0;
    // How many different addresses `symbol` stands for in the file: 0 unknown, 1 good, more ambiguous.
    virtual size_t matches(const std::string& file, const std::string& symbol) const = 0;
    // What is known of a line of a source file from the file's debug information.
    struct Line {
        bool debug_information = false;
        std::vector<std::string> functions;  // that have code of this line: none unknown, more ambiguous
        std::vector<std::string> sources;    // all that there are, for suggestions
        std::optional<unsigned> nearest;     // line of this source that has code; nothing: no such source
    };
    virtual Line line(const std::string& file, const SourceLine& line) const = 0;
    // There is code at this offset of the file.
    virtual bool is_code(const std::string& file, std::uint64_t offset) const = 0;
    // A process can execute `program`, a path or a name to be searched.
    virtual bool can_execute(const std::string& program) const = 0;
};

// Errors for symbols that a found library does not define, with the nearest names; a note where the library
// was not found.
Diagnostics check_symbols(const Plan& plan, const Libraries& libraries);

}  // namespace rehang
