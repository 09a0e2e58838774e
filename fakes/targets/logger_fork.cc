// A C++ service with a logger that all threads share, and whose main thread forks a worker.
//
//   logger_fork --at-fork nothing|lock
//
// The logger has a std::mutex, of which fork() knows nothing. With `lock` the program forks while no thread
// logs. Ends with 0 when the worker has logged and ended.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <string>
#include <thread>

#include "fail.h"

class Logger {
  public:
    void log(const std::string& text) {
        const std::lock_guard held(mutex_);
        print(text + "\n");
    }
    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }

  private:
    void print(const std::string& line) {  // with the mutex held
        if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
            fail("write");
    }
    std::mutex mutex_;
};

Logger logger;

static void fork_while_nobody_logs() {
    const auto lock = [] { logger.lock(); };
    const auto unlock = [] { logger.unlock(); };
    pthread_atfork(lock, unlock, unlock);
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--at-fork") != 0 ||
        (strcmp(argv[2], "nothing") != 0 && strcmp(argv[2], "lock") != 0)) {
        fprintf(stderr, "usage: logger_fork --at-fork nothing|lock\n");
        return 2;
    }
    if (strcmp(argv[2], "lock") == 0) fork_while_nobody_logs();

    std::thread helper([] { logger.log("helper runs"); });
    const pid_t worker = fork();
    if (worker < 0) fail("fork");
    if (worker == 0) {
        logger.log("worker runs");
        _exit(0);
    }
    int status = 0;
    while (waitpid(worker, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    helper.join();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
