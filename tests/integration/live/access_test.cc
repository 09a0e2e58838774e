// Who may be looked into, and what the user is told otherwise.
#include "live/access.h"

#include <sys/prctl.h>

#include "child.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

constexpr uid_t somebody = 65534, somebody_else = 65533;

// What an ordinary user is told about the process; by a child that becomes that user. The kind, and the text.
std::string told_to(uid_t user, pid_t pid) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t asker = ::fork();
    if (asker == 0) {
        if (::setresuid(user, user, user) != 0) ::_exit(1);
        const auto allowed = may_look_into(pid);
        const std::string text = allowed ? "allowed" : allowed.error().what + " | " + allowed.error().hint;
        ::_exit(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string text(4096, '\0');
    const ssize_t length = ::read(ends[0], text.data(), text.size());
    ::close(ends[0]);
    int status = 0;
    ::waitpid(asker, &status, 0);
    REQUIRE(status == 0);
    text.resize(static_cast<size_t>(length));
    return text;
}

bool is_root() {
    if (::geteuid() == 0) return true;
    WARN("skipped: only root can become several users");
    return false;
}

}  // namespace

TEST_CASE("a process of one's own can be looked into, and so can a zombie") {
    const Child child;
    CHECK(may_look_into(child.pid));
    ::kill(child.pid, SIGKILL);
    siginfo_t ended{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(child.pid), &ended, WEXITED | WNOWAIT) == 0);
    CHECK(may_look_into(child.pid));
}

TEST_CASE("a process that does not exist is a mistake of the user") {
    pid_t gone = -1;
    {
        const Child child;
        gone = child.pid;
    }
    const auto allowed = may_look_into(gone);
    REQUIRE_FALSE(allowed);
    CHECK(allowed.error().kind == Error::Kind::usage);
    CHECK_THAT(allowed.error().what, Contains("no process has pid " + std::to_string(gone)));
}

TEST_CASE("a process of another user is for root") {
    if (!is_root()) return;
    const Child child([] {
        if (::setresuid(somebody, somebody, somebody) != 0) ::_exit(1);
    });
    const std::string told = told_to(somebody_else, child.pid);
    CHECK_THAT(told, Contains("belongs to user 65534, and this is user 65533"));
    CHECK_THAT(told, Contains("| sudo rehang diagnose " + std::to_string(child.pid)));
}

TEST_CASE("a process that is not dumpable is for root") {
    if (!is_root()) return;
    const Child child([] {
        if (::setresuid(somebody, somebody, somebody) != 0 || ::prctl(PR_SET_DUMPABLE, 0) != 0) ::_exit(1);
    });
    CHECK_THAT(told_to(somebody, child.pid), Contains("is not dumpable"));
}
