// The command line: one table of commands and flags (cli.cc), one file a command.
#pragma once

namespace rehang {

// Returns the exit status, see cli/exit_code.h.
int run_command_line(int argc, char** argv);

}  // namespace rehang
