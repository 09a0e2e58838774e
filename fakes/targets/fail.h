// How the stand-in programs end when the system does not give them what they need.
#pragma once

#include <stdio.h>
#include <stdlib.h>

// Prints `what` with the text of errno, and ends the process with 1.
static _Noreturn inline void fail(const char* what) {
    perror(what);
    exit(1);
}
