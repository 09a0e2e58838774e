// Objects of the C library, each waited for by a real thread: known for what they are, stuck when the one who
// could end the wait is, and not proven when that one goes on.
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <latch>
#include <new>
#include <thread>
#include <vector>

#include "catch.h"
#include "rest.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

// A second thread does `prepare` and rests; then main does `wait`.
void behind_a_thread(Rest rest, const std::function<void()>& prepare, const std::function<void()>& wait) {
    keep_only({});
    static std::latch prepared(1);
    std::thread([&] {
        prepare();
        prepared.count_down();
        rest_for_ever(rest);
    }).detach();
    prepared.wait();
    wait();
}

struct MutexKind {
    int type = PTHREAD_MUTEX_NORMAL, robustness = PTHREAD_MUTEX_STALLED, protocol = PTHREAD_PRIO_NONE,
        sharing = PTHREAD_PROCESS_PRIVATE;
};

void make_mutex(pthread_mutex_t& mutex, const MutexKind& kind) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, kind.type);
    pthread_mutexattr_setrobust(&attributes, kind.robustness);
    pthread_mutexattr_setprotocol(&attributes, kind.protocol);
    pthread_mutexattr_setpshared(&attributes, kind.sharing);
    pthread_mutex_init(&mutex, &attributes);
}

void wait_for_mutex(Rest rest, const MutexKind& kind) {
    static pthread_mutex_t mutex;
    make_mutex(mutex, kind);
    behind_a_thread(
        rest, [] { pthread_mutex_lock(&mutex); }, [] { pthread_mutex_lock(&mutex); });
}

void wait_for_writer(Rest rest) {
    static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    behind_a_thread(
        rest, [] { pthread_rwlock_wrlock(&lock); }, [] { pthread_rwlock_rdlock(&lock); });
}

void wait_for_writer_to_write(Rest rest) {
    static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    behind_a_thread(
        rest, [] { pthread_rwlock_wrlock(&lock); }, [] { pthread_rwlock_wrlock(&lock); });
}

void wait_for_readers(Rest rest) {
    static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    behind_a_thread(
        rest, [] { pthread_rwlock_rdlock(&lock); }, [] { pthread_rwlock_wrlock(&lock); });
}

void wait_for_condition(Rest rest) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    behind_a_thread(
        rest, [] {},
        [] {
            pthread_mutex_lock(&mutex);
            for (;;) pthread_cond_wait(&condition, &mutex);
        });
}

void wait_for_semaphore(Rest rest) {
    static sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    behind_a_thread(
        rest, [] {}, [] { sem_wait(&semaphore); });
}

void wait_at_barrier(Rest rest) {
    static pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, nullptr, 2);
    behind_a_thread(
        rest, [] {}, [] { pthread_barrier_wait(&barrier); });
}

Rest rest_in_once = Rest::stuck;
pthread_once_t once = PTHREAD_ONCE_INIT;
std::latch in_once(1);

void wait_for_once(Rest rest) {
    keep_only({});
    rest_in_once = rest;
    const auto initialise = [] {
        in_once.count_down();
        rest_for_ever(rest_in_once);
    };
    std::thread([&] { pthread_once(&once, initialise); }).detach();
    in_once.wait();
    pthread_once(&once, initialise);
}

int never_ready() {
    static const int value = [] {
        in_once.count_down();
        rest_for_ever(rest_in_once);
        return 1;
    }();
    return value;
}

void wait_for_static_variable(Rest rest) {
    keep_only({});
    rest_in_once = rest;
    std::thread([] { never_ready(); }).detach();
    in_once.wait();
    never_ready();
}

void wait_to_join(Rest rest) {
    keep_only({});
    std::thread thread([rest] { rest_for_ever(rest); });
    thread.join();
}

struct Case {
    const char* name;
    std::function<void(Rest)> body;
    const char* object;
    const char* sentence;
    bool has_a_name = true;  // of its function, also in a stripped C library: not where that is jumped to
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"mutex", [](Rest r) { wait_for_mutex(r, {}); }, "mutex", "which a thread 2 holds"},
        {"recursive mutex", [](Rest r) { wait_for_mutex(r, {.type = PTHREAD_MUTEX_RECURSIVE}); }, "mutex",
         "which a thread 2 holds"},
        {"error-checking mutex", [](Rest r) { wait_for_mutex(r, {.type = PTHREAD_MUTEX_ERRORCHECK}); },
         "mutex", "which a thread 2 holds"},
        {"robust mutex", [](Rest r) { wait_for_mutex(r, {.robustness = PTHREAD_MUTEX_ROBUST}); },
         "robust mutex", "which a thread 2 holds"},
        {"PI mutex", [](Rest r) { wait_for_mutex(r, {.protocol = PTHREAD_PRIO_INHERIT}); }, "PI mutex",
         "which a thread 2 holds"},
        {"rwlock to read", wait_for_writer, "rwlock", "which a thread 2 holds"},
        {"rwlock to write", wait_for_writer_to_write, "rwlock", "which a thread 2 holds"},
        {"rwlock that is read", wait_for_readers, "rwlock", "waits for the rwlock at"},
        {"condition variable", wait_for_condition, "condition variable",
         "waits for the condition variable at"},
        {"semaphore", wait_for_semaphore, "semaphore", "waits for the semaphore at"},
        {"barrier", wait_at_barrier, "barrier", "waits for the barrier at"},
        {"pthread_once", wait_for_once, "pthread_once", "waits for", false},
        {"static variable", wait_for_static_variable, "guard of a static variable", "waits for the guard"},
        {"join", wait_to_join, "thread", "waits to join a thread 2"},
    };
    return all;
}

// Shared with a child, which does `prepare` and rests.
template <class T>
T* shared_object() {
    void* const memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return new (memory) T{};
}

void wait_for_shared_mutex(Rest rest, const MutexKind& kind) {
    auto* const mutex = shared_object<pthread_mutex_t>();
    make_mutex(*mutex, kind);
    behind_a_child(
        rest, [mutex] { pthread_mutex_lock(mutex); }, [mutex] { pthread_mutex_lock(mutex); });
}

void wait_for_shared_semaphore(Rest rest) {
    auto* const semaphore = shared_object<sem_t>();
    sem_init(semaphore, 1, 0);
    behind_a_child(
        rest, [] {}, [semaphore] { sem_wait(semaphore); });
}

}  // namespace

TEST_CASE("objects of the C library: stuck when the thread that could end the wait is") {
    for (const Case& one : cases()) {
        INFO(one.name);
        StuckTree tree([&] { one.body(Rest::stuck); });
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        const Diagnosis diagnosis = tree.explain();
        const DiagnosedThread* const main = find(diagnosis, "a", "main");
        REQUIRE(main);
        CHECK(main->wait.kind == WaitKind::futex);
        if (one.has_a_name || !main->wait.object.empty()) CHECK(main->wait.object == one.object);
        CHECK_THAT(main->wait.sentence, Contains(one.sentence));
    }
}

TEST_CASE("objects of the C library: not proven while the thread that could end the wait goes on") {
    for (const Case& one : cases()) {
        INFO(one.name);
        StuckTree tree([&] { one.body(Rest::goes_on); });
        CHECK(tree.look_until_doubt("a: a thread 2 may end its wait: it sleeps for some time"));
        CHECK(tree.never_proven(10));
    }
}

TEST_CASE("process-shared objects: the other process counts") {
    const std::vector<Case> shared = {
        {"mutex", [](Rest r) { wait_for_shared_mutex(r, {.sharing = PTHREAD_PROCESS_SHARED}); },
         "process-shared mutex", "which a/1 holds"},
        {"robust mutex",
         [](Rest r) {
             wait_for_shared_mutex(r,
                                   {.robustness = PTHREAD_MUTEX_ROBUST, .sharing = PTHREAD_PROCESS_SHARED});
         },
         "robust mutex", "which a/1 holds"},
        {"PI mutex",
         [](Rest r) {
             wait_for_shared_mutex(r, {.robustness = PTHREAD_MUTEX_ROBUST,
                                       .protocol = PTHREAD_PRIO_INHERIT,
                                       .sharing = PTHREAD_PROCESS_SHARED});
         },
         "PI mutex", "which a/1 holds"},
        {"semaphore", wait_for_shared_semaphore, "semaphore", "waits for the semaphore at"},
    };
    for (const Case& one : shared) {
        INFO(one.name);
        {
            StuckTree tree([&] { one.body(Rest::stuck); });
            tree.name_child(tree.a(), "a", "a/1");
            REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
            const Diagnosis diagnosis = tree.explain();
            const DiagnosedThread* const main = find(diagnosis, "a", "main");
            CHECK(main->wait.object == one.object);
            CHECK_THAT(main->wait.sentence, Contains(one.sentence));
        }
        StuckTree tree([&] { one.body(Rest::goes_on); });
        tree.name_child(tree.a(), "a", "a/1");
        CHECK(tree.look_until_doubt("a: a/1 may end its wait: it sleeps for some time"));
        CHECK(tree.never_proven(10));
    }
}

TEST_CASE("a robust mutex whose owner is killed is no hang: the kernel wakes the waiter") {
    Pipe killed, waits_again;
    StuckTree tree([&] {
        auto* const mutex = shared_object<pthread_mutex_t>();
        make_mutex(*mutex, {.robustness = PTHREAD_MUTEX_ROBUST, .sharing = PTHREAD_PROCESS_SHARED});
        behind_a_child(
            Rest::stuck, [mutex] { pthread_mutex_lock(mutex); },
            [mutex, &killed] {
                if (pthread_mutex_lock(mutex) == EOWNERDEAD) tell(killed.write);
                rest_for_ever(Rest::goes_on);
            },
            {killed.write.get()});
    });
    const pid_t owner = tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    kill(owner, SIGKILL);
    wait_for(killed.read);
    CHECK(tree.look_until_doubt("a: sleeps for some time"));
}

TEST_CASE("mutexes of two processes taken crosswise: lock-cycle") {
    StuckTree tree([] {
        auto* const mutexes = shared_object<std::array<pthread_mutex_t, 2>>();
        for (pthread_mutex_t& mutex : *mutexes) make_mutex(mutex, {.sharing = PTHREAD_PROCESS_SHARED});
        pthread_mutex_lock(mutexes->data());
        behind_a_child(
            Rest::stuck, [] {}, [mutexes] { pthread_mutex_lock(&mutexes->at(1)); }, {},
            [mutexes](const Pipe& prepared) {
                pthread_mutex_lock(&mutexes->at(1));
                tell(prepared.write);
                pthread_mutex_lock(mutexes->data());
            });
    });
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(diagnosis.cause == Cause::lock_cycle);
    CHECK_THAT(told(diagnosis), Contains("a holds the process-shared mutex at"));
    CHECK_THAT(told(diagnosis), Contains("which a/1 holds"));
}
