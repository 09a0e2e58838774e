// Connects to a server on 127.0.0.1, a child of its own, and reads its greeting.
//
//   local_client --tries N
//
// A connection that timed out is tried again, N times in all. Ends with 0 after the greeting.
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

static const char greeting[] = "hello\n";

static int listen_on(struct sockaddr_in* address) {
    socklen_t size = sizeof *address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0) fail("socket");
    if (bind(listener, (struct sockaddr*)address, size) != 0) fail("bind");
    if (getsockname(listener, (struct sockaddr*)address, &size) != 0) fail("getsockname");
    if (listen(listener, 1) != 0) fail("listen");
    return listener;
}

static void serve(int listener) {
    const int connection = accept(listener, NULL, NULL);
    if (connection < 0) fail("accept");
    if (write(connection, greeting, sizeof greeting - 1) < 0) fail("write");
    exit(0);
}

static int connect_to(const struct sockaddr_in* address, int tries) {
    for (;;) {
        const int connection = socket(AF_INET, SOCK_STREAM, 0);
        if (connection < 0) fail("socket");
        if (connect(connection, (const struct sockaddr*)address, sizeof *address) == 0) return connection;
        if (errno != ETIMEDOUT || --tries <= 0) return -1;
        close(connection);
    }
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--tries") != 0) {
        fprintf(stderr, "usage: local_client --tries N\n");
        return 2;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int listener = listen_on(&address);
    const pid_t server = fork();
    if (server < 0) fail("fork");
    if (server == 0) serve(listener);
    close(listener);
    const int connection = connect_to(&address, atoi(argv[2]));
    if (connection < 0) {
        perror("connect");
        kill(server, SIGTERM);
        return 1;
    }
    char text[sizeof greeting] = "";
    if (read(connection, text, sizeof text - 1) < 0) fail("read");
    waitpid(server, NULL, 0);
    printf("the server says %s", text);
    return 0;
}
