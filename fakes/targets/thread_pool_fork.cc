// A C++ program with a pool of one thread, whose main thread forks.
//
//   thread_pool_fork --child submits|exits --pool before-fork|after-fork
//
// A fork copies the pool, but not its thread. A child that `submits` gives the copy a job and waits until it
// is done. One that `exits` does nothing but return from main(): static objects are destroyed there, the
// condition variable at which the pool's thread waited among them. With `after-fork` parent and child each
// start a pool of their own. Ends with 0 when the child has ended.
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "fail.h"

class Pool {
  public:
    void start() {  // the thread lives as long as the process
        std::thread([this] { work(); }).detach();
    }
    void submit_and_wait() {
        std::unique_lock lock(mutex_);
        ++submitted_;
        job_came_.notify_one();
        while (done_ < submitted_) job_done_.wait(lock);
    }

  private:
    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            while (done_ == submitted_) job_came_.wait(lock);
            ++done_;
            job_done_.notify_all();
        }
    }
    std::mutex mutex_;
    std::condition_variable job_came_, job_done_;
    int submitted_ = 0, done_ = 0;
};

Pool pool;

int main(int argc, char** argv) {
    const bool understood = argc == 5 && strcmp(argv[1], "--child") == 0 && strcmp(argv[3], "--pool") == 0;
    const bool submits = understood && strcmp(argv[2], "submits") == 0;
    const bool before_fork = understood && strcmp(argv[4], "before-fork") == 0;
    if (!understood || (!submits && strcmp(argv[2], "exits") != 0) ||
        (!before_fork && strcmp(argv[4], "after-fork") != 0)) {
        fprintf(stderr, "usage: thread_pool_fork --child submits|exits --pool before-fork|after-fork\n");
        return 2;
    }
    if (before_fork) pool.start();
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        if (!submits) return 0;
        if (!before_fork) pool.start();
        pool.submit_and_wait();
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    dprintf(STDOUT_FILENO, "child ended\n");
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}
