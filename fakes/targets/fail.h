// How the stand-in programs end when the system does not give them what they need.
#pragma once

#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
#define NO_RETURN [[noreturn]]
#else
#define NO_RETURN _Noreturn
#endif

// Prints `what` with the text of errno, and ends the process with 1.
NO_RETURN static inline void fail(const char* what) {
    perror(what);
    exit(1);
}
