#include "replay/own_thread.h"

#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace rehang {

void on_own_thread(const std::function<void()>& work) {
    pid_t tid = 0;
    std::thread thread([&] {
        tid = ::gettid();
        work();
    });
    thread.join();
    // A thread counts as joined when its memory is given back, which is before its tracees are detached
    // (kernel/exit.c: exit_mm() comes before exit_notify()). Its tid vanishes after both.
    while (::tgkill(::getpid(), tid, 0) == 0) std::this_thread::sleep_for(std::chrono::microseconds(20));
}

}  // namespace rehang
