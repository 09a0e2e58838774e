#include "supervise/notifications.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS  // Linux 6.6
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

namespace rehang {
namespace {

short events_of(int fd) {
    pollfd asked{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&asked, 1, 0) > 0 ? asked.revents : short{0};
}

// The number of the caller's new descriptor, or -errno.
std::int64_t place(int listener, std::uint64_t question, const CallAnswer::Descriptor& descriptor) {
    const seccomp_notif_addfd addition{
        .id = question,
        .flags = 0,
        .srcfd = static_cast<std::uint32_t>(descriptor.file.get()),
        .newfd = 0,
        .newfd_flags = descriptor.close_on_exec ? std::uint32_t{O_CLOEXEC} : 0};
    const int number = ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addition);
    const std::int64_t result = number >= 0 ? number : -errno;
    return descriptor.placed ? descriptor.placed(result) : result;
}

bool readable(int fd) {
    return (events_of(fd) & POLLIN) != 0;
}

}  // namespace

Notifications::Notifications(boost::asio::io_context& io, Answerer answer, int busy)
    : io_(io), answer_(std::move(answer)), busy_(busy) {}

void Notifications::add(UniqueFd listener) {
    // The caller runs on the CPU that we leave: nothing is to be gained by waking another one for it. Kernels
    // that can't do that do without.
    ::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    listeners_.push_back(std::make_unique<Listener>(io_, listener.release()));
    await(*listeners_.back());
}

void Notifications::await(Listener& listener) {
    listener.async_wait(Listener::wait_read, [this, &listener](const boost::system::error_code& error) {
        if (error) return;
        const short events = events_of(listener.native_handle());
        if ((events & POLLIN) != 0) answer_burst(listener.native_handle());
        // With the last target the listener hangs up: there is nothing to be waited for any more. Without
        // that whoever asked was killed meanwhile, and others will ask.
        const bool hung_up = (events & POLLHUP) != 0 && (events & POLLIN) == 0;
        if (!hung_up) await(listener);
    });
}

// A target that makes one such call after the other is answered without the way through the loop, as long as
// nothing else is to be done.
void Notifications::answer_burst(int listener) {
    constexpr auto longest = std::chrono::milliseconds(2);
    constexpr timespec next_call_comes_in{.tv_sec = 0, .tv_nsec = 50'000};
    const auto until = std::chrono::steady_clock::now() + longest;
    std::array<pollfd, 2> either{pollfd{.fd = listener, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = busy_, .events = POLLIN, .revents = 0}};
    do {
        if (!answer_one(listener)) return;
        if (::ppoll(either.data(), either.size(), &next_call_comes_in, nullptr) <= 0) return;
    } while (either[1].revents == 0 && (either[0].revents & POLLIN) != 0 &&
             std::chrono::steady_clock::now() < until);
}

bool Notifications::pending() const {
    return std::ranges::any_of(listeners_,
                               [](const auto& listener) { return readable(listener->native_handle()); });
}

std::vector<int> Notifications::listeners() const {
    std::vector<int> all;
    for (const auto& listener : listeners_) all.push_back(listener->native_handle());
    return all;
}

bool Notifications::answer_one(int listener) {
    if (!asked_.receive(listener)) return errno == EINTR;
    const seccomp_notif& question = asked_.question();
    CallAnswer answer = answer_({.tid = static_cast<pid_t>(question.pid),
                                 .call = SystemCall::of(question.data),
                                 .still_asked = [listener, id = question.id] {
                                     return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
                                 }});
    if (answer.opens) answer.value = place(listener, question.id, *answer.opens);
    asked_.answer(listener, answer);
    return true;
}

}  // namespace rehang
