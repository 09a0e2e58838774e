#include "diagnose/futex_object.h"

#include <errno.h>
#include <fmt/format.h>
#include <linux/futex.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "diagnose/asked_memory.h"
#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

struct KnownFunction {
    std::string_view name;  // without the underscores in front of internal aliases
    std::string_view object;
};

// The functions in which threads sleep, of C11, POSIX and the C++ ABI, and the innermost internal ones that
// tell apart what an outer function waits for. "" says: a lock of the library's own.
constexpr std::array<KnownFunction, 34> functions = {{
    {"pthread_mutex_lock", "mutex"},
    {"pthread_mutex_timedlock", "mutex"},
    {"pthread_mutex_clocklock", "mutex"},
    {"pthread_mutex_lock_full", "mutex"},
    {"pthread_mutex_cond_lock", "mutex"},
    {"pthread_mutex_cond_lock_full", "mutex"},
    {"mtx_lock", "mutex"},
    {"mtx_timedlock", "mutex"},
    {"pthread_cond_wait", "condition variable"},
    {"pthread_cond_timedwait", "condition variable"},
    {"pthread_cond_clockwait", "condition variable"},
    {"pthread_cond_wait_common", "condition variable"},
    {"cnd_wait", "condition variable"},
    {"cnd_timedwait", "condition variable"},
    {"pthread_rwlock_rdlock", "rwlock"},
    {"pthread_rwlock_timedrdlock", "rwlock"},
    {"pthread_rwlock_clockrdlock", "rwlock"},
    {"pthread_rwlock_wrlock", "rwlock"},
    {"pthread_rwlock_timedwrlock", "rwlock"},
    {"pthread_rwlock_clockwrlock", "rwlock"},
    {"sem_wait", "semaphore"},
    {"new_sem_wait", "semaphore"},
    {"new_sem_wait_slow64", "semaphore"},
    {"sem_timedwait", "semaphore"},
    {"sem_clockwait", "semaphore"},
    {"pthread_barrier_wait", "barrier"},
    {"pthread_once", "pthread_once"},
    {"pthread_once_slow", "pthread_once"},
    {"call_once", "pthread_once"},
    {"cxa_guard_acquire", "guard of a static variable"},
    {"lll_lock_wait_private", ""},
    {"pthread_barrier_destroy", "barrier"},
    {"pthread_cond_destroy", "condition variable"},
    {"sem_open", ""},
}};

constexpr std::string_view stdio_lock = "stdio lock";

std::string_view object_in(std::span<const elf::Frame> stack) {
    constexpr size_t innermost = 6;
    for (const elf::Frame& frame : stack.first(std::min(innermost, stack.size()))) {
        std::string_view name = frame.symbol;
        name.remove_prefix(std::min(name.find_first_not_of('_'), name.size()));
        const auto known = std::ranges::find(functions, name, &KnownFunction::name);
        if (known != functions.end()) return known->object;
    }
    return {};
}

constexpr std::uint64_t mutex_kind_offset = 16;        // glibc's __kind
constexpr std::uint32_t robust = 0x10, shared = 0x80;  // bits in it
constexpr std::uint32_t any_mutex_kind = 0x3ff;

// "robust mutex", "process-shared mutex": as its kind says, where that is one of glibc's.
std::string kind_of_mutex(const Snapshot& snapshot, pid_t pid, const Wait& wait) {
    const std::uint32_t kind = word_at(snapshot, pid, wait.address + mutex_kind_offset).value_or(0);
    if (kind > any_mutex_kind) return "mutex";
    if ((kind & robust) != 0) return "robust mutex";
    return (kind & shared) != 0 ? "process-shared mutex" : "mutex";
}

pid_t as_tid(std::optional<std::uint32_t> value) {
    return static_cast<pid_t>(value.value_or(0) & FUTEX_TID_MASK);
}

// Robust mutexes of glibc, and musl's, hold the owner in the word itself. musl's plain ones have no owner but
// EBUSY there, which may also be a tid: then the field that glibc has behind the word must say the same.
pid_t owner_of_mutex(const Snapshot& snapshot, pid_t pid, const Wait& wait) {
    const pid_t field = as_tid(word_at(snapshot, pid, wait.address + mutex_owner_offset));
    const bool in_the_word = (wait.word & FUTEX_WAITERS) != 0 && wait.word == wait.expected;
    if (!in_the_word) return field;
    const pid_t tid = as_tid(wait.word);
    return tid != EBUSY || field == tid ? tid : 0;
}

// glibc's pthread_rwlock_t, 8 bytes aligned: waiters sleep at __wrphase_futex (8) or __writers_futex (12),
// and
// __cur_writer is at 24.
pid_t writer_of(const Snapshot& snapshot, pid_t pid, const Wait& wait) {
    const std::uint64_t at = wait.address % 8 == 0 ? 8 : 12;
    return as_tid(word_at(snapshot, pid, wait.address - at + 24));
}

const ThreadSnapshot* thread_with_inner_tid(const ProcessSnapshot& process, pid_t inner_tid) {
    const auto found = std::ranges::find(process.threads, inner_tid, &ThreadSnapshot::inner_tid);
    return found == process.threads.end() || has_ended(*found) ? nullptr : &*found;
}

// pthread_join waits until the thread's tid field is no longer the tid. No other wait but that for a PI lock,
// which compares nothing, has a tid in its word; 1 and 2 are what locks without an owner hold.
bool may_be_join(const ProcessSnapshot& process, const Wait& wait) {
    return wait.object.empty() && wait.word == wait.expected && wait.word > 2 &&
           thread_with_inner_tid(process, static_cast<pid_t>(wait.word)) != nullptr;
}

bool stands_in_join(std::span<const elf::Frame> stack) {
    constexpr size_t innermost = 4;
    return std::ranges::any_of(stack.first(std::min(innermost, stack.size())), [](const elf::Frame& frame) {
        return frame.symbol.find("pthread_join") != std::string::npos ||
               frame.symbol.find("pthread_clockjoin") != std::string::npos ||
               frame.symbol.find("thrd_join") != std::string::npos;
    });
}

// Where the function that waits is reached by a jump, a stripped C library has no name on the stack for it.
// Then the object's own words tell two of glibc's: sem_t has the value, the number of waiters, and whether it
// is shared (struct new_sem)…
bool looks_like_semaphore(const Snapshot& snapshot, pid_t pid, const Wait& wait) {
    constexpr std::uint32_t most_waiters = 0x10000;
    const auto waiters = word_at(snapshot, pid, wait.address + 4),
               sharing = word_at(snapshot, pid, wait.address + 8);
    return wait.expected == 0 && waiters && sharing && *waiters > 0 && *waiters < most_waiters &&
           (*sharing == 0 || *sharing == FUTEX_PRIVATE_FLAG);
}

// … and a robust mutex has its owner twice, and a kind that says so.
bool looks_like_robust_mutex(const Snapshot& snapshot, pid_t pid, const Wait& wait) {
    const auto field = word_at(snapshot, pid, wait.address + mutex_owner_offset);
    const auto kind = word_at(snapshot, pid, wait.address + mutex_kind_offset);
    return (wait.word & FUTEX_WAITERS) != 0 && wait.word == wait.expected && field && kind &&
           as_tid(field) == as_tid(wait.word) && (*kind & robust) != 0 && *kind <= any_mutex_kind;
}

// The thread of the process that has locked a FILE, or the list of all; 0: it is no such lock.
pid_t owner_of_stdio_lock(const Snapshot& snapshot, const ProcessSnapshot& process, const Wait& wait) {
    const auto lock = value_at<StdioLock>(snapshot, process.pid, wait.address);
    if (!lock || !lock->may_be_one()) return 0;
    const bool is_descriptor = long_at(snapshot, process.pid, lock->owner) == lock->owner &&
                               long_at(snapshot, process.pid, lock->owner + 16) == lock->owner;
    if (!is_descriptor) return 0;
    const pid_t tid = as_tid(word_at(snapshot, process.pid, lock->owner + thread_descriptor_tid_offset));
    return tid != 0 && thread_with_inner_tid(process, tid) != nullptr ? tid : 0;
}

std::string_view object_by_its_words(const Snapshot& snapshot, const ProcessSnapshot& process,
                                     const Wait& wait) {
    if (looks_like_semaphore(snapshot, process.pid, wait)) return "semaphore";
    if (looks_like_robust_mutex(snapshot, process.pid, wait)) return "mutex";
    return owner_of_stdio_lock(snapshot, process, wait) != 0 ? stdio_lock : "";
}

void find_owner(const Snapshot& snapshot, const ProcessSnapshot& process, Wait& wait) {
    const pid_t pid = process.pid;
    wait.owner = 0;
    if (wait.object == "PI mutex") wait.owner = as_tid(wait.word);
    if (is_join(wait)) wait.owner = static_cast<pid_t>(wait.expected);
    if (wait.object == stdio_lock) wait.owner = owner_of_stdio_lock(snapshot, process, wait);
    if (wait.object == "rwlock") wait.owner = writer_of(snapshot, pid, wait);
    if (wait.object == "PI mutex" || !wait.object.ends_with("mutex")) return;
    wait.owner = owner_of_mutex(snapshot, pid, wait);
    wait.object = kind_of_mutex(snapshot, pid, wait);
}

std::string what_it_waits_for(const Snapshot& snapshot, const ProcessSnapshot& process, const Wait& wait) {
    const ThreadSnapshot* const owner = owner_of(snapshot, process.pid, wait);
    const std::string name = owner ? label(*process_of_thread(snapshot, owner->tid), *owner)
                                   : fmt::format("thread {}", wait.owner);
    const std::string missing = owner ? "" : fmt::format(", which does not exist in {}", label(process));
    if (is_join(wait)) return fmt::format("waits to join {}{}", name, missing);
    if (wait.object.empty())
        return fmt::format("waits for the futex word at {}, which is {}", wait.location, wait.word);
    const std::string at = fmt::format("waits for the {} at {}", wait.object, wait.location);
    if (wait.owner == 0) return fmt::format("{} (its word is {})", at, wait.word);
    return owner ? fmt::format("{}, which {} holds", at, name)
                 : fmt::format("{}, held by {}{}", at, name, missing);
}

}  // namespace

bool is_join(const Wait& wait) {
    return wait.object == "thread";
}

bool is_owned_lock(const Wait& wait) {
    return wait.object.ends_with("mutex") || wait.object == "rwlock" || wait.object == stdio_lock;
}

void recognise_object(const Snapshot& snapshot, const ProcessSnapshot& process, Wait& wait,
                      std::span<const elf::Frame> stack) {
    // The functions know better than the words, the system call better than the functions.
    if (const auto object = object_in(stack); !object.empty() && wait.object != "PI mutex")
        wait.object = object;
    if (may_be_join(process, wait) || (wait.object.empty() && stands_in_join(stack))) wait.object = "thread";
    if (wait.object.empty()) wait.object = object_by_its_words(snapshot, process, wait);
    find_owner(snapshot, process, wait);
    wait.sentence = what_it_waits_for(snapshot, process, wait);
    if (wait.retried)
        wait.sentence += ", in a loop that asks again for ever";
    else if (wait.by_itself)
        wait.sentence += ", with a time-out";
}

const ThreadSnapshot* owner_of(const Snapshot& snapshot, pid_t pid, const Wait& wait) {
    const ProcessSnapshot* const process = find_process(snapshot, pid);
    if (wait.owner == 0 || !process) return nullptr;
    if (const ThreadSnapshot* const thread = thread_with_inner_tid(*process, wait.owner)) return thread;
    // A process-shared lock: one of those that can reach it.
    for (const pid_t tid : wait.wakers) {
        const ThreadSnapshot* const thread = find_thread(snapshot, tid);
        if (thread && thread->inner_tid == wait.owner && !has_ended(*thread)) return thread;
    }
    return nullptr;
}

}  // namespace rehang
