#include "scaffold/lock_wait.h"

#include <algorithm>
#include <array>

namespace rehang {
namespace {

using std::string_view_literals::operator""sv;

// Parts of the names of functions that do nothing but take a lock.
constexpr std::array lock_functions = {
    "SpinLock"sv,    "pthread_mutex_lock"sv, "pthread_rwlock_"sv, "mutex_lock"sv, "MutexLock"sv,
    "mutex::lock"sv, "lock_guard"sv,         "unique_lock"sv,     "spin_lock"sv,  "RWLock"sv,
    "scoped_lock"sv, "g_mutex_"sv,           "gthread_mutex"sv};

bool takes_a_lock(std::string_view name) {
    return std::ranges::any_of(lock_functions, [&](std::string_view part) { return name.contains(part); });
}

}  // namespace

std::optional<LockWait> lock_wait_of(const SeenThread& thread) {
    LockWait wait{.thread = &thread, .taker = {}, .stack = {}};
    bool at_lock = false;
    for (const SeenFrame& frame : thread.stack) {
        const std::string name = canonical(frame.function);
        if (is_way_into_kernel(name)) {
            at_lock = at_lock || name.starts_with("lll_lock_wait");
            continue;
        }
        if (takes_a_lock(name)) {
            at_lock = true;
            wait.stack.push_back(name);
            continue;
        }
        if (!at_lock || name.empty() || is_start_of_thread(name)) return std::nullopt;
        wait.taker = {.function = name, .module = frame.module};
        wait.stack.push_back(name);
        return wait;
    }
    return std::nullopt;
}

}  // namespace rehang
