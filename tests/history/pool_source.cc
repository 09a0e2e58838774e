#include "pool_source.h"

#include <fmt/format.h>

namespace rehang::history {
namespace {

constexpr const char* header = R"(#include <pthread.h>
extern pthread_mutex_t LOCK;
void take_lock(void);
void leave_lock(void);
)";

constexpr const char* pool = R"(#define _GNU_SOURCE
#include "pool.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Before each piece of memory: which list it comes from.
union block {
    size_t list;
    max_align_t align;
};
struct piece {
    struct piece* next;
};

pthread_mutex_t LOCK = PTHREAD_MUTEX_INITIALIZER;
static struct piece* lists[64];  // by log2 of their size
static char *fresh, *fresh_end;

void take_lock(void) {
    pthread_mutex_lock(&LOCK);
}
void leave_lock(void) {
    pthread_mutex_unlock(&LOCK);
}

static void* MAP_MORE(size_t size) {
    if ((size_t)(fresh_end - fresh) < size) {
        const size_t mapped = size > CHUNK ? size : CHUNK;
        char* more = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (more == MAP_FAILED) return NULL;
        fresh = more;
        fresh_end = more + mapped;
    }
    void* piece = fresh;
    fresh += size;
    return piece;
}

__attribute__((noinline)) void* TAKE(size_t list) {
    struct piece* piece = lists[list];
    if (piece == NULL) return MAP_MORE((size_t)1 << list);
    lists[list] = piece->next;
    return piece;
}

__attribute__((noinline)) void pool_put(size_t list, void* memory) {
    CHECK
    struct piece* piece = memory;
    piece->next = lists[list];
    lists[list] = piece;
}

void* malloc(size_t size) {
    if (size > PTRDIFF_MAX / 2) {
        errno = ENOMEM;
        return NULL;
    }
    const size_t list = 64 - (size_t)__builtin_clzl(size + sizeof(union block) - 1);
    take_lock();
    union block* block = TAKE(list);
    leave_lock();
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    block->list = list;
    return block + 1;
}

void free(void* memory) {
    if (memory == NULL) return;
    union block* block = (union block*)memory - 1;
    take_lock();
    pool_put(block->list, block);
    leave_lock();
}

void* calloc(size_t count, size_t size) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
    void* memory = malloc(bytes);
    return memory == NULL ? NULL : memset(memory, 0, bytes);
}

void* realloc(void* memory, size_t size) {
    if (memory == NULL) return malloc(size);
    const size_t room = ((size_t)1 << ((union block*)memory - 1)->list) - sizeof(union block);
    if (size <= room) return memory;
    void* larger = malloc(size);
    if (larger == NULL) return NULL;
    memcpy(larger, memory, room);
    free(memory);
    return larger;
}
)";

constexpr const char* at_fork = R"(
// A child has no other thread that would unlock it.
__attribute__((constructor)) static void look_after_lock(void) {
    pthread_atfork(take_lock, leave_lock, leave_lock);
}
)";

std::string replaced(std::string text, const std::map<std::string, std::string>& words) {
    for (const auto& [word, by] : words)
        for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size())
            text.replace(at, word.size(), by);
    return text;
}

}  // namespace

std::map<std::string, std::string> source_of(const PoolState& state) {
    const std::map<std::string, std::string> words = {
        {"LOCK", state.renamed ? "arena_lock" : "pool_lock"},
        {"TAKE", state.renamed ? "arena_take" : "pool_take"},
        {"MAP_MORE", state.renamed ? "arena_grow" : "pool_more"},
        {"CHUNK", fmt::format("((size_t){} << 20)", state.chunk)},
        {"CHECK", state.aborts ? "assert(lists[list] == NULL);" : "assert(memory != NULL);"},
    };
    std::map<std::string, std::string> files = {{"pool.h", replaced(header, words)},
                                                {"pool.c", replaced(pool, words)}};
    if (state.at_fork == PoolState::AtFork::in_pool) files["pool.c"] += at_fork;
    if (state.at_fork == PoolState::AtFork::in_file)
        files["fork.c"] = std::string("#include \"pool.h\"\n") + at_fork;
    if (!state.builds) files["pool.c"] += "\nstatic int unfinished = pool_statistics(;\n";
    return files;
}

}  // namespace rehang::history
