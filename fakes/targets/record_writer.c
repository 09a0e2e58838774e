// Writes a record of 4096 bytes to a file, and says so.
//
//   record_writer --write once|all --fsync ignored|checked FILE
//
// write(2) may write less than it was asked to, and say so. With `once` nobody looks, with `all` the rest is
// written, too. fsync(2) may fail: with `ignored` nobody looks. Ends with 0 after it has said "committed".
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"

static char record[4096];

static void write_once(int file) {
    if (write(file, record, sizeof record) < 0) fail("write");
}

static void write_all(int file) {
    for (size_t done = 0; done < sizeof record;) {
        const ssize_t size = write(file, record + done, sizeof record - done);
        if (size < 0) fail("write");
        done += (size_t)size;
    }
}

int main(int argc, char** argv) {
    if (argc != 6 || strcmp(argv[1], "--write") != 0 || strcmp(argv[3], "--fsync") != 0) {
        fprintf(stderr, "usage: record_writer --write once|all --fsync ignored|checked FILE\n");
        return 2;
    }
    memset(record, 'r', sizeof record);
    const int file = open(argv[5], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) fail(argv[5]);
    if (strcmp(argv[2], "all") == 0)
        write_all(file);
    else
        write_once(file);
    if (fsync(file) != 0 && strcmp(argv[4], "checked") == 0) fail("fsync");
    if (close(file) != 0) fail("close");
    printf("committed\n");
    return 0;
}
