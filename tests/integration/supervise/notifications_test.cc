// The kernel's questions, with nobody traced.
#include "supervise/notifications.h"

#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "asking.h"
#include "catch.h"

using namespace rehang;
using namespace rehang::test;
using namespace std::chrono_literals;

TEST_CASE(
    "who is killed between the loop's waking up and the question's being read leaves others their answers") {
    TwoCallers callers;
    boost::asio::io_context io{1};
    boost::asio::posix::stream_descriptor earlier(io, ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    int answered = 0;
    Notifications notifications(
        io,
        [&](const Notifications::Question&) {
            ++answered;
            return CallAnswer{.make = false, .value = -EXDEV};
        },
        -1);
    const int listener = ::dup(callers.listener.get());
    const UniqueFd watched(listener);
    notifications.add(std::move(callers.listener));
    earlier.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [&](const boost::system::error_code&) {
                           ::kill(callers.first, SIGKILL);
                           while (is_asked(listener)) ::sched_yield();
                       });

    // Both are ready when the loop looks; the handler of the earlier one takes the question away.
    REQUIRE(::eventfd_write(earlier.native_handle(), 1) == 0);
    callers.first_goes.put(0);
    while (!is_asked(listener)) ::sched_yield();
    io.poll();
    CHECK(answered == 0);

    callers.second_goes.put(0);
    while (answered == 0 && io.run_one_for(60s) > 0) {
    }
    REQUIRE(answered == 1);
    CHECK(callers.status_of_second() == EXDEV);
}

TEST_CASE("a listener that nobody can ask any more is waited for no longer") {
    TwoCallers callers;
    boost::asio::io_context io{1};
    int answered = 0;
    Notifications notifications(
        io,
        [&](const Notifications::Question&) {
            ++answered;
            return CallAnswer{.make = false, .value = -EXDEV};
        },
        -1);
    notifications.add(std::move(callers.listener));
    callers.first_goes.put(0);
    callers.second_goes.put(0);
    while (answered < 2 && io.run_one_for(60s) > 0) {
    }
    REQUIRE(answered == 2);
    CHECK(callers.status_of_second() == EXDEV);
    io.run_for(60s);
    CHECK(io.stopped());  // it has nothing left to wait for
}
