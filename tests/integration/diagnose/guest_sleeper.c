// A program for arm64. A thread of it and its main thread wait for words that nobody changes, each in a chain
// of functions by which it is known. "shared" as an argument: the words lie in shared memory.
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int* words;

// What comes after the call keeps it from being a jump.
__attribute__((noinline)) int innermost(volatile int* word) {
    while (*word == 0) syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0);
    return *word + 1;
}

__attribute__((noinline)) int in_between(volatile int* word) {
    char room[256];
    for (unsigned i = 0; i < sizeof room; ++i) room[i] = (char)*word;
    return innermost(word) + room[*word & 1];
}

__attribute__((noinline)) void* helper(void* word) {
    if (in_between(word) == 0) abort();
    return word;
}

int main(int count, char** arguments) {
    (void)arguments;
    const int kind = count > 1 ? MAP_SHARED : MAP_PRIVATE;
    words = mmap(NULL, 2 * sizeof *words, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
    pthread_t thread;
    if (words == MAP_FAILED || pthread_create(&thread, NULL, helper, words) != 0) return 1;
    return in_between(words + 1);
}
