#include "cli/cli.h"

int main(int argc, char** argv) {
    return rehang::run_command_line(argc, argv);
}
