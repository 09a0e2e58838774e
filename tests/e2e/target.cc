#include "target.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <regex>

#include "normal_form.h"

namespace rehang::e2e {
namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void* lock_and_stay(void* locked) {
    pthread_mutex_lock(&mutex);
    pthread_barrier_wait(static_cast<pthread_barrier_t*>(locked));
    for (;;) pause();
}

}  // namespace

Target::Target(const std::function<void()>& body) {
    pid_ = fork();
    if (pid_ != 0) return;
    setpgid(0, 0);
    for (int number = 1; number < SIGRTMIN; ++number) signal(number, SIG_DFL);  // Catch2's
    pthread_setname_np(pthread_self(), "target");
    body();
    _exit(0);
}

Target::~Target() {
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

void fork_while_another_thread_holds_a_mutex() {
    pthread_barrier_t locked;
    pthread_barrier_init(&locked, nullptr, 2);
    pthread_t thread{};
    pthread_create(&thread, nullptr, lock_and_stay, &locked);
    pthread_barrier_wait(&locked);
    if (fork() == 0) pthread_mutex_lock(&mutex);
    for (;;) pause();
}

void lock_twice() {
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
}

std::string without_numbers(std::string text) {
    text = std::regex_replace(normal_form(std::move(text)), std::regex("([pt]id) [0-9]+"), "$1 N");
    return std::regex_replace(text, std::regex(" +"), " ");
}

Finished diagnose_until(int status, const std::vector<std::string>& words) {
    Finished result;
    for (int i = 0; i < 200; ++i) {
        result = rehang(words);
        if (result.status == status) break;
    }
    return result;
}

}  // namespace rehang::e2e
