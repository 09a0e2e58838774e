#include "base/suggest.h"

#include "catch.h"

using namespace rehang;

TEST_CASE("typing mistakes find the name that was meant") {
    const std::vector<std::string> calls = {"write", "read", "readv", "futex", "epoll_wait"};
    CHECK(nearest("raed", calls) == std::vector<std::string>{"read"});     // swapped
    CHECK(nearest("rea", calls) == std::vector<std::string>{"read"});      // left out
    CHECK(nearest("futexx", calls) == std::vector<std::string>{"futex"});  // one too many
    CHECK(nearest("epol_wiat", calls) == std::vector<std::string>{"epoll_wait"});
}

TEST_CASE("nothing is suggested where nothing is near") {
    CHECK(nearest("ioctl", {"read", "write"}).empty());
    CHECK(nearest("", {"read"}).empty());
    CHECK(nearest("read", {}).empty());
    CHECK(did_you_mean("ioctl", {"read", "write"}).empty());
}

TEST_CASE("a part of a long name finds it") {
    const std::vector<std::string> symbols = {"tcmalloc::CentralFreeList::ReleaseListToSpans",
                                              "perftools_pthread_atfork"};
    CHECK(nearest("ReleaseListToSpans", symbols) == std::vector<std::string>{symbols[0]});
    CHECK(nearest("atf", symbols).empty());  // too short to mean anything
}

TEST_CASE("several suggestions come nearest first, each once, in the given order where equally near") {
    CHECK(nearest("read", {"readv", "reads", "read64", "readv"}, 3) ==
          std::vector<std::string>{"readv", "reads", "read64"});
    CHECK(nearest("reed", {"reads", "read"}, 2) == std::vector<std::string>{"read"});
    CHECK(nearest("thread1", {"thread3", "thread2"}, 2) == std::vector<std::string>{"thread3", "thread2"});
}

TEST_CASE("a suggestion is ready to be appended to a message") {
    CHECK(did_you_mean("raed", {"read"}) == "; did you mean \"read\"?");
}
