#include "scaffold/scaffold.h"

#include "catch.h"
#include "match/backtrace.h"
#include "scaffold/lock_wait.h"
#include "scaffold/places.h"

namespace rehang {
namespace {

using Catch::Matchers::Contains;

constexpr auto daemon_at_lock =
    "=== pid 7 ===\nThread 1 (LWP 7):\n#0 read () from /lib/libc.so.6\n#1 os_daemonize ()\n#2 main ()\n"
    "=== pid 9 ===\nThread 2 (LWP 10):\n#0 syscall ()\n#1 SpinLock::SlowLock() () from "
    "/lib/libtcmalloc.so.4\n"
    "#2 tcmalloc::List::Insert(void*) () from /lib/libtcmalloc.so.4\n"
    "Thread 1 (LWP 9):\n#0 syscall ()\n#1 SpinLock::SlowLock() () from /lib/libtcmalloc.so.4\n"
    "#2 tcmalloc::List::Remove(void*) () from /lib/libtcmalloc.so.4\n#3 main ()\n";

std::vector<std::string> functions(const std::string& module) {
    if (module != "libtcmalloc.so.4") return {};
    return {"tcmalloc::List::Insert", "tcmalloc::List::Release", "perftools_pthread_atfork"};
}

}  // namespace

TEST_CASE(
    "scaffold: a daemon at a lock is forked twice, and another thread held the lock at the second fork") {
    const std::string text = scaffold(read_backtrace(daemon_at_lock, "x"), {}, functions);
    CHECK_THAT(text, Contains("process = \"program/1\"\nthread  = \"!main\"\nenter   = "
                              "\"libtcmalloc.so.4!tcmalloc::List::Insert\""));
    CHECK_THAT(text, Contains("[point.copy]\nprocess = \"program/1/1\"\nborn    = true"));
    CHECK_THAT(text, Contains("Of tcmalloc::List there are: Release."));
    CHECK_THAT(text, Contains("function = \"libtcmalloc.so.4!perftools_pthread_atfork\""));
    CHECK_THAT(text, Contains("cause   = \"inherited-lock\""));
    CHECK_THAT(text, Contains("[[expect.process]]\nprocess = \"program/1\"\nstate   = \"zombie\""));
    CHECK_THAT(text, Contains("stack   = [\"SpinLock::SlowLock\", \"tcmalloc::List::Remove\"]"));
    CHECK_THAT(text, Contains("drop    = [\"no-fork-handlers\"]"));
}

TEST_CASE("scaffold: how the process was started is written as it was, and nothing in it is a parameter") {
    const Started started{.argv = {"/bin/x", "${HOME}", "a \"b\"\n"}, .preload = {"/opt/libtcmalloc.so.4"}};
    const std::string text = scaffold(read_backtrace(daemon_at_lock, "x"), started, functions);
    CHECK_THAT(text, Contains("argv    = [\"/bin/x\", \"$${HOME}\", \"a \\\"b\\\"\\u000a\"]"));
    CHECK_THAT(text, Contains("preload = [\"/opt/libtcmalloc.so.4\"]"));
}

TEST_CASE("scaffold: where no thread is at a lock, nothing is made up") {
    const std::string text = scaffold(read_backtrace("#0 poll ()\n#1 serve ()\n", "a\nb"), {}, functions);
    CHECK_THAT(text, Contains("# A first scenario for the hang of a b, written"));
    CHECK_THAT(text, Contains("TODO: no thread was seen at a lock") && !Contains("[[hold]]\nat") &&
                         !Contains("cause "));
    CHECK_THAT(text, Contains("waits   = \"poll\""));
}

TEST_CASE("scaffold: bytes that are no text become none of the scenario's") {
    const Started started{.argv = {"/bin/\xe9t\xe9", "\xc3\xa9t\xc3\xa9"}, .preload = {}};
    const std::string text = scaffold(read_backtrace(daemon_at_lock, "\xff.txt"), started, functions);
    CHECK_THAT(text, Contains("# A first scenario for the hang of \xef\xbf\xbd.txt, written"));
    CHECK_THAT(text, Contains("argv    = [\"/bin/\xef\xbf\xbdt\xef\xbf\xbd\", \"\xc3\xa9t\xc3\xa9\"]"));
}

TEST_CASE("scaffold: the function that wants a lock is the first one that is not the lock's own") {
    const Sighting seen = read_backtrace(
        "#0 futex_wait ()\n#1 __GI___lll_lock_wait_private ()\n#2 __tz_convert () from /lib/libc.so.6\n",
        "x");
    const auto wait = lock_wait_of(seen.processes[0].threads[0]);
    REQUIRE(wait);
    CHECK(wait->taker.function == "tz_convert");
    CHECK_FALSE(lock_wait_of(read_backtrace("#0 poll ()\n#1 serve ()\n", "x").processes[0].threads[0]));
    CHECK(parent_of("a/1/2") == "a/1");
    CHECK(parent_of("a").empty());
}

}  // namespace rehang
