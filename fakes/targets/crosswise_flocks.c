// Two processes that each need two files for themselves, as a package manager and its front end do.
//
//   crosswise_flocks --order as-called|by-name
//
// With `as-called` each locks the file that it was started for first, then the other one: they lock in
// opposite order. With `by-name` both lock in the same order. Ends with 0 when both have had both files.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

static bool by_name;

// Each process opens the files itself: an open file that is inherited would share its lock.
static int lock(const char* file) {
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) fail(file);
    while (flock(fd, LOCK_EX) != 0)
        if (errno != EINTR) fail("flock");
    return fd;
}

static void work(const char* own, const char* other) {
    bool swap = by_name && strcmp(own, other) > 0;
    int first = lock(swap ? other : own);
    int second = lock(swap ? own : other);
    close(second);
    close(first);
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--order") != 0 ||
        (strcmp(argv[2], "as-called") != 0 && strcmp(argv[2], "by-name") != 0)) {
        fprintf(stderr, "usage: crosswise_flocks --order as-called|by-name\n");
        return 2;
    }
    by_name = strcmp(argv[2], "by-name") == 0;
    const char *cache = "/tmp/cache.lock", *database = "/tmp/database.lock";
    pid_t updater = fork();
    if (updater < 0) fail("fork");
    if (updater == 0) {
        work(database, cache);
        _exit(0);
    }
    work(cache, database);
    int status;
    while (waitpid(updater, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    puts("both have worked");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
