// Listens at a unix socket, /tmp/qmp, and behaves like a QMP server as its first argument says:
//
//   answers   says what a QEMU would, with an event in between; "quit" ends it
//   deaf      greets, and then waits for itself for ever
//   leaves    greets, and ends when it is told something
//   silent    ends before it greets
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char greeting[] = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";

static void fail(const char* what) {
    perror(what);
    exit(1);
}

static int accept_one(void) {
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/qmp"};
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (const struct sockaddr*)&address, sizeof address) != 0) fail("bind");
    if (listen(listener, 1) != 0) fail("listen");
    const int connection = accept(listener, NULL, NULL);
    if (connection < 0) fail("accept");
    return connection;
}

static const char* answer_to(const char* command) {
    if (strstr(command, "query-kvm"))
        return "{\"event\": \"RESUME\"}\r\n{\"return\": {\"enabled\": true, \"present\": true}}\r\n";
    if (strstr(command, "nonsense"))
        return "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no \\\"nonsense\\\"\"}}\r\n";
    if (strstr(command, "query-names")) return "{\"return\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}\r\n";
    return "{\"return\": {}}\r\n";
}

static int answer(int connection) {
    FILE* input = fdopen(connection, "r");
    char line[4096];
    while (fgets(line, sizeof line, input)) {
        const char* text = answer_to(line);
        if (write(connection, text, strlen(text)) < 0) fail("write");
        if (strstr(line, "quit")) return 0;
    }
    return 3;
}

static void wait_for_itself(void) {
    int ends[2];
    char byte;
    if (pipe(ends) != 0) fail("pipe");
    if (read(ends[0], &byte, 1) < 0) fail("read");
}

int main(int argc, char** argv) {
    const char* how = argc > 1 ? argv[1] : "";
    const int connection = accept_one();
    if (strcmp(how, "silent") == 0) return 0;
    if (write(connection, greeting, strlen(greeting)) < 0) fail("write");
    if (strcmp(how, "deaf") == 0) wait_for_itself();
    if (strcmp(how, "answers") == 0) return answer(connection);
    char byte;
    return read(connection, &byte, 1) == 1 ? 0 : 1;
}
