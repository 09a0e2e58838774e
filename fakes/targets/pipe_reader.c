// Reads what a child writes to a pipe, up to its end.
//
//   pipe_reader --eintr fails|again
//
// read(2) may answer EINTR at any time. With `again` it is called once more, with `fails` that is taken for
// an error. Ends with 0 when all has been read.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

static const char message[] = "all of it\n";

static void send_message(int pipe) {
    if (write(pipe, message, sizeof message - 1) < 0) fail("write");
}

static ssize_t read_some(int pipe, char* into, size_t most, int again) {
    for (;;) {
        const ssize_t size = read(pipe, into, most);
        if (size >= 0 || errno != EINTR || !again) return size;
    }
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--eintr") != 0) {
        fprintf(stderr, "usage: pipe_reader --eintr fails|again\n");
        return 2;
    }
    const int again = strcmp(argv[2], "again") == 0;
    int ends[2];
    if (pipe(ends) != 0) fail("pipe");
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        send_message(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    char some[4];
    ssize_t size;
    while ((size = read_some(ends[0], some, sizeof some, again)) > 0) fwrite(some, 1, (size_t)size, stdout);
    fflush(stdout);
    if (size < 0) fail("read");
    waitpid(child, NULL, 0);
    return 0;
}
