// Stops of a thread that come late or in another order than they were asked for.
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/unique_fd.h"
#include "supervise/identity.h"
#include "supervise/tracing.h"
#include "supervised.h"

using namespace rehang;
using namespace rehang::test;

namespace {

constexpr int read_all = 7;  // the target's exit status

// A traced process without a program of its own: it reads bytes from a pipe, and ends after the last one.
class Reader {
  public:
    explicit Reader(int bytes) : tracing_(plan_, files_, nullptr, nullptr, IfTracerEnds::kill) {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            char byte;
            while (bytes > 0 && ::read(ends[0], &byte, 1) == 1) --bytes;
            ::_exit(bytes == 0 ? read_all : 1);
        }
        UniqueFd(ends[0]).reset();
        write_.reset(ends[1]);
        REQUIRE(tracing_.add_root("p", pid_));
        fall_asleep();
    }
    ~Reader() {
        ::kill(pid_, SIGKILL);
        while (!ended_ && handle_next()) continue;
    }

    pid_t pid() const { return pid_; }
    Tracing& tracing() { return tracing_; }
    void fall_asleep() {
        while (thread_state(pid_) != 'S') ::sched_yield();
    }
    void give_a_byte() { REQUIRE(::write(write_.get(), "", 1) == 1); }
    // It has stopped, which the tracing was not told of yet.
    void await_stop() {
        siginfo_t stopped{};
        REQUIRE(::waitid(P_PID, static_cast<id_t>(pid_), &stopped, WSTOPPED | WNOWAIT | __WALL) == 0);
    }
    bool handle_next() {
        int status = 0;
        if (::waitpid(pid_, &status, __WALL) != pid_) return false;
        ended_ = WIFEXITED(status) || WIFSIGNALED(status);
        if (ended_) status_ = status;
        tracing_.handle(pid_, status);
        return true;
    }
    bool comes_to_stand() {
        tracing_.pause(pid_);
        while (!ended_ && !tracing_.stands(pid_)) handle_next();
        return tracing_.stands(pid_);
    }
    int ends_with() {
        while (!ended_) handle_next();
        return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
    }
    // After stop_for_good(): stopped by SIGSTOP, and nobody's tracee.
    int ends_untraced_with() {
        ::kill(pid_, SIGCONT);
        ended_ = ::waitpid(pid_, &status_, 0) == pid_ && !WIFSTOPPED(status_);
        return ended_ ? ends_with() : 0;
    }

  private:
    Plan plan_ = plan_of("");
    elf::Files files_;
    Tracing tracing_;
    UniqueFd write_;
    pid_t pid_ = 0;
    int status_ = 0;
    bool ended_ = false;
};

// It stands before the read that it was interrupted in; the step begins that read, which sleeps.
void step_into_a_read(Reader& reader) {
    REQUIRE(reader.comes_to_stand());
    REQUIRE(reader.tracing().step(reader.pid()));
    reader.fall_asleep();
}

}  // namespace

TEST_CASE("a step that ends after the thread was released and paused again is no signal of the target's") {
    Reader reader(1);
    step_into_a_read(reader);
    reader.tracing().release(reader.pid());
    reader.give_a_byte();
    reader.await_stop();
    CHECK(reader.comes_to_stand());
    reader.tracing().release(reader.pid());
    CHECK(reader.ends_with() == read_all);
}

TEST_CASE("a pause that interrupts a step does not leave the step's trap behind") {
    Reader reader(1);
    step_into_a_read(reader);
    reader.tracing().release(reader.pid());
    CHECK(reader.comes_to_stand());
    reader.tracing().release(reader.pid());
    reader.give_a_byte();
    CHECK(reader.ends_with() == read_all);
}

TEST_CASE("a thread that was released during a step goes on when the step ends") {
    Reader reader(2);
    step_into_a_read(reader);
    reader.tracing().release(reader.pid());
    reader.give_a_byte();
    reader.give_a_byte();
    CHECK(reader.ends_with() == read_all);
}

TEST_CASE("a thread that is left during a step lives on without a tracer") {
    Reader reader(1);
    step_into_a_read(reader);
    reader.tracing().release(reader.pid());
    reader.tracing().stop_for_good({});
    reader.give_a_byte();
    CHECK(reader.ends_untraced_with() == read_all);
}
