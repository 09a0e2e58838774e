// Becomes QEMU and talks to it: its child speaks QMP with what QEMU has as standard input and output.
//
//   qmp_client COMMAND… -- QEMU ARGUMENT… -qmp stdio
//
// The child gives the commands one after the other, each when the one before is answered, and prints the
// answers. It ends when there is nothing more to say, or nobody there to say it to.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"

// False if QEMU has gone. What it sends without being asked (its greeting, events) is passed over.
static int read_answer(FILE* qemu, char* line, int size) {
    while (fgets(line, size, qemu))
        if (strncmp(line, "{\"return\"", 9) == 0 || strncmp(line, "{\"error\"", 8) == 0) return 1;
    return 0;
}

static int ask(FILE* qemu, const char* command, char* answer, int size) {
    return dprintf(fileno(qemu), "{\"execute\": \"%s\"}\n", command) > 0 && read_answer(qemu, answer, size);
}

static int talk(int connection, char** commands, int count) {
    char answer[4096];
    FILE* qemu = fdopen(connection, "r");
    if (!qemu) fail("fdopen");
    signal(SIGPIPE, SIG_IGN);
    if (!ask(qemu, "qmp_capabilities", answer, sizeof answer)) return 1;
    for (int i = 0; i < count; ++i) {
        if (!ask(qemu, commands[i], answer, sizeof answer)) return 1;
        printf("%s: %s", commands[i], answer);
        fflush(stdout);
    }
    return 0;
}

static void become_qemu(int connection, char** argv) {
    if (dup2(connection, STDIN_FILENO) < 0 || dup2(connection, STDOUT_FILENO) < 0) fail("dup2");
    execvp(argv[0], argv);
    fail(argv[0]);
}

int main(int argc, char** argv) {
    int end_of_commands = 1;
    while (end_of_commands < argc && strcmp(argv[end_of_commands], "--") != 0) ++end_of_commands;
    if (end_of_commands + 1 >= argc) {
        fprintf(stderr, "usage: qmp_client COMMAND... -- QEMU ARGUMENT... -qmp stdio\n");
        return 2;
    }
    int connection[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, connection) != 0) fail("socketpair");
    switch (fork()) {
        case -1:
            fail("fork");
        case 0:
            close(connection[0]);
            return talk(connection[1], argv + 1, end_of_commands - 1);
        default:
            become_qemu(connection[0], argv + end_of_commands + 1);
    }
}
