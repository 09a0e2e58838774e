#include "supervise/calls_pass.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <csignal>
#include <utility>

#include "supervise/asked_call.h"

namespace rehang {
namespace {

void let_pass(std::vector<pollfd> asked, int end) {
    AskedCall call;
    asked.push_back({.fd = end, .events = POLLIN, .revents = 0});
    for (;;) {
        if (::poll(asked.data(), asked.size(), -1) < 0) continue;  // a debugger has stopped this thread
        if (asked.back().revents != 0) return;
        for (pollfd& listener : asked) {
            if ((listener.revents & POLLIN) != 0) {
                if (call.receive(listener.fd)) call.answer(listener.fd, {.make = true});
            } else if (listener.revents != 0) {
                listener.fd = -1;  // nobody is left who could ask
            }
        }
    }
}

}  // namespace

CallsPass::CallsPass(const std::vector<int>& listeners) : end_(::eventfd(0, EFD_CLOEXEC)) {
    if (listeners.empty() || !end_) return;
    std::vector<pollfd> asked;
    for (const int listener : listeners) asked.push_back({.fd = listener, .events = POLLIN, .revents = 0});
    // Signals to this process are for its other threads.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread(let_pass, std::move(asked), end_.get());
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

CallsPass::~CallsPass() {
    if (!thread_.joinable()) return;
    ::eventfd_write(end_.get(), 1);
    thread_.join();
}

}  // namespace rehang
