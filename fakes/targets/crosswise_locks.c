// A bank with a mutex for each account. Two clerks transfer money at the same time, in opposite directions.
//
//   crosswise_locks --lock-order as-called|by-address
//
// With `as-called` each clerk locks the account that pays first, then the one that gets: one of them locks
// savings, then giro, the other one giro, then savings. With `by-address` all lock in the same order. Ends
// with 0 when both transfers are done.
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"

struct account {
    pthread_mutex_t mutex;
    long balance;
};
struct account giro = {.mutex = PTHREAD_MUTEX_INITIALIZER, .balance = 100};
struct account savings = {.mutex = PTHREAD_MUTEX_INITIALIZER, .balance = 100};

struct transfer {
    const char* clerk;
    struct account *from, *to;
};
static bool by_address;

static void transfer(struct account* from, struct account* to, long amount) {
    bool swap = by_address && to < from;
    pthread_mutex_lock(swap ? &to->mutex : &from->mutex);
    pthread_mutex_lock(swap ? &from->mutex : &to->mutex);
    from->balance -= amount;
    to->balance += amount;
    pthread_mutex_unlock(&to->mutex);
    pthread_mutex_unlock(&from->mutex);
}

static void* clerk(void* argument) {
    const struct transfer* order = argument;
    pthread_setname_np(pthread_self(), order->clerk);
    transfer(order->from, order->to, 10);
    return NULL;
}

static pthread_t start(struct transfer* order) {
    pthread_t thread;
    errno = pthread_create(&thread, NULL, clerk, order);
    if (errno != 0) fail("pthread_create");
    return thread;
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--lock-order") != 0 ||
        (strcmp(argv[2], "as-called") != 0 && strcmp(argv[2], "by-address") != 0)) {
        fprintf(stderr, "usage: crosswise_locks --lock-order as-called|by-address\n");
        return 2;
    }
    by_address = strcmp(argv[2], "by-address") == 0;
    struct transfer orders[] = {{"saves", &giro, &savings}, {"spends", &savings, &giro}};
    pthread_t clerks[] = {start(&orders[0]), start(&orders[1])};
    for (int i = 0; i < 2; ++i) pthread_join(clerks[i], NULL);
    printf("giro %ld, savings %ld\n", giro.balance, savings.balance);
    return 0;
}
