#include "match/function_names.h"

#include "catch.h"

namespace rehang {

TEST_CASE("match: the function in a frame's text") {
    CHECK(function_in("tcmalloc::CentralFreeList::InsertRange(void*, void*, int) () from /lib/x.so") ==
          "tcmalloc::CentralFreeList::InsertRange");
    CHECK(function_in("futex_wait (private=0, expected=2) at ../nptl/futex-internal.h:146") == "futex_wait");
    CHECK(function_in("?? () from /lib/x.so") == "");
    CHECK(function_in("<signal handler called>") == "<signal handler called>");
    CHECK(function_in("void walk<int, std::vector<int> >(int) ()") == "walk<int, std::vector<int> >");
    CHECK(function_in("(anonymous namespace)::serve(int) (fd=3) at x.cc:7") ==
          "(anonymous namespace)::serve");
    CHECK(function_in("std::function<void (int)>::operator()(int) const (this=0x1, a=2)") ==
          "std::function<void (int)>::operator()");
    CHECK(function_in("operator<<(std::ostream&, Name const&) ()") == "operator<<");
    CHECK(function_in("operator new(unsigned long) () from /lib/libtcmalloc.so.4") == "operator new");
    CHECK(function_in("read - 1") == "read");
    CHECK(function_in("read+0x4c") == "read");
    CHECK(function_in("") == "");
    CHECK(function_in("(((((") == "");
}

TEST_CASE("match: other versions' and architectures' names are one") {
    for (const char* name : {"read", "__read", "__libc_read", "__GI___libc_read", "__read_nocancel"})
        CHECK(canonical(name) == "read");
    for (const char* name : {"__poll", "__GI___poll", "poll"}) CHECK(canonical(name) == "poll");
    CHECK(canonical("__futex_abstimed_wait_common64") == "futex_abstimed_wait_common");
    CHECK(canonical("__GI___futex_abstimed_wait_cancelable64") == "futex_abstimed_wait_cancelable");
    CHECK(canonical("___pthread_mutex_lock") == canonical("__GI___pthread_mutex_lock"));
    CHECK(canonical("pthread_cond_wait@@GLIBC_2.3.2") == "pthread_cond_wait");
    CHECK(canonical("__new_sem_wait_slow64.constprop.0") == "sem_wait_slow");
    CHECK(canonical("__libc_start_main_impl") == "libc_start_main");
    CHECK(canonical("f<std::pair<int, int> >") == "f");
    CHECK(canonical("ns::f[abi:cxx11]") == "ns::f");
    CHECK(canonical("std::function<void (int)>::operator()") == "std::function::operator()");
    CHECK(canonical("(anonymous namespace)::serve") == "serve");
    CHECK(canonical("_ZN8SpinLock8SlowLockEv") == "SpinLock::SlowLock");
    CHECK(canonical("____") == "____");
}

TEST_CASE("match: what the way into the kernel tells") {
    CHECK(wait_class(canonical("__GI___libc_read")) == WaitClass::read);
    CHECK(wait_class(canonical("__GI_ppoll")) == WaitClass::poll);
    CHECK(wait_class(canonical("__GI___lll_lock_wait_private")) == WaitClass::futex);
    CHECK(wait_class(canonical("__GI___wait4")) == WaitClass::child);
    CHECK(wait_class("syscall") == WaitClass::any);
    CHECK(is_way_into_kernel("syscall"));
    CHECK_FALSE(is_way_into_kernel("os_daemonize"));
    CHECK(is_start_of_thread(canonical("_start")));
}

}  // namespace rehang
