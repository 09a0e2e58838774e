// A plug-in whose constructor warms it up in a thread, which loads a library in turn.
//
//   EAGER_PLUGIN=waits|lets-it-run in the environment
//
// dlopen() holds the loader's lock while constructors run. With `waits` the constructor waits for the thread
// there, and the thread's dlopen() waits for the lock. With `lets-it-run` nobody waits for the thread.
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

static void* warm_up(void* unused) {
    if (dlopen("libm.so.6", RTLD_NOW) == NULL) exit(1);
    return unused;
}

__attribute__((constructor)) static void start_plugin(void) {
    pthread_t thread;
    errno = pthread_create(&thread, NULL, warm_up, NULL);
    if (errno != 0) fail("pthread_create");
    const char* how = getenv("EAGER_PLUGIN");
    if (how != NULL && strcmp(how, "waits") == 0)
        pthread_join(thread, NULL);
    else
        pthread_detach(thread);
}
