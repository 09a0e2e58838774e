// Calls that ask when nobody judges them.
#include "supervise/calls_pass.h"

#include <sched.h>

#include "asking.h"
#include "catch.h"

using namespace rehang;
using namespace rehang::test;

TEST_CASE("a call that asks is made where all calls pass, also one that asked before") {
    TwoCallers callers;
    callers.first_goes.put(0);
    while (!is_asked(callers.listener.get())) ::sched_yield();
    const CallsPass pass({callers.listener.get()});
    callers.second_goes.put(0);
    CHECK(callers.status_of_second() == 0);
}

TEST_CASE("calls need not pass for ever: the thread ends while somebody could still ask") {
    TwoCallers callers;
    { const CallsPass pass({callers.listener.get()}); }
    callers.first_goes.put(0);
    while (!is_asked(callers.listener.get())) ::sched_yield();
    SUCCEED("nobody takes the question");
}
