// Targets that are not what they seem, or want to be on their own: names, users, namespaces, ptrace, seccomp,
// the terminal.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <csignal>

#include "base/unique_fd.h"
#include "catch.h"
#include "command.h"
#include "one_run.h"

namespace rehang::e2e {
namespace {

using Json = nlohmann::json;

void check_ends_with_7(const std::string& behaviour, const std::string& note) {
    const Json run = report_of({.argv = program("hostile", behaviour)});
    INFO(behaviour);
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 7);
    if (note.empty())
        CHECK(run["notes"].empty());
    else
        CHECK(has_note(run, note));
}

TEST_CASE("a target that traces itself or its child is refused, and the report says why") {
    if (must_skip()) return;
    check_ends_with_7("traces_itself", "p (hostile) calls ptrace, which fails with EPERM");
    check_ends_with_7("traces_its_child", "p (hostile) calls ptrace, which fails with EPERM");
}

TEST_CASE("a target with a seccomp filter of its own, which the report tells") {
    if (must_skip()) return;
    check_ends_with_7("filters_itself", "installs a seccomp filter of its own");
    check_ends_with_7("answers_itself", "installs a seccomp filter of its own");
}

TEST_CASE("a target that its own filter kills") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "killed_by_its_filter")});
    CHECK(run["outcome"] == "signaled");
    CHECK(run["signal"] == SIGSYS);
}

TEST_CASE("a call that a listener of the target may answer is no proof of anything") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "reads_under_a_listener"), .timeout = "300ms"});
    CHECK(run["outcome"] == "timeout");
    CHECK(run["proven"] == false);
}

TEST_CASE("a target with a name that is no text") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "changes_its_name")});
    CHECK(run["outcome"] == "hung");
    CHECK(run["proven"] == true);
}

TEST_CASE("a target that is not dumpable is proven to hang only where it can be looked into") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "is_not_dumpable"), .timeout = "300ms"});
    if (run["outcome"] == "timeout") {  // not all kernels let the owner of its user namespace read it
        CHECK(run["proven"] == false);
        CHECK_FALSE(run["doubts"].empty());
    } else {
        CHECK(run["outcome"] == "hung");
        CHECK(run["proven"] == true);
    }
}

TEST_CASE("a target that changes its user or its pid namespace") {
    if (must_skip()) return;
    check_ends_with_7("changes_its_user", "");
    check_ends_with_7("changes_its_pid_namespace", "");
}

TEST_CASE("a target can't write to a terminal") {
    if (must_skip()) return;
    check_ends_with_7("writes_to_the_terminal", "");
    const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY));
    REQUIRE(terminal);
    REQUIRE(::grantpt(terminal.get()) == 0);
    REQUIRE(::unlockpt(terminal.get()) == 0);
    const Json run =
        report_of({.argv = shell(std::string("echo a target was here >") + ::ptsname(terminal.get()))});
    CHECK(run["exit"] == 1);
}

}  // namespace
}  // namespace rehang::e2e
