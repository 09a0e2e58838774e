// File locks and System V's semaphores and queues: stuck when the one who could end the wait is, and not
// proven when that one goes on.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "catch.h"
#include "host_has.h"
#include "rest.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

// A file without a name that outlives the test, opened anew each time: a lock belongs to one opening of it.
class SomeFile {
  public:
    SomeFile() : file_(memfd_create("locked", 0)) {}
    int open_anew() const {
        return open(fmt::format("/proc/self/fd/{}", file_.get()).c_str(), O_RDWR | O_CLOEXEC);
    }

  private:
    UniqueFd file_;
};

void lock_range(int fd, int command, short type, off_t start, off_t length) {
    struct flock range {};
    range.l_type = type, range.l_whence = SEEK_SET, range.l_start = start, range.l_len = length;
    if (fcntl(fd, command, &range) != 0) abort();
}

using Lock = std::function<void(int fd)>;

// The child holds a lock of the file, its parent wants one.
void wait_for_lock(Rest rest, const Lock& held, const Lock& wanted) {
    const SomeFile file;
    const int childs = file.open_anew(), parents = file.open_anew();
    const Pipe prepared;
    if (fork() == 0) {
        // Closing any descriptor of the file would release fcntl's locks.
        keep_only({childs, prepared.write.get()});
        held(childs);
        tell(prepared.write);
        close(prepared.write.get());
        rest_for_ever(rest);
    }
    wait_for(prepared.read);
    keep_only({parents});
    wanted(parents);
}

struct Case {
    const char* name;
    std::function<void(Rest)> body;
    WaitKind kind;
    const char* sentence;
};

const std::vector<Case>& file_locks() {
    static const std::vector<Case> all = {
        {"flock",
         [](Rest rest) {
             const Lock lock = [](int fd) { flock(fd, LOCK_EX); };
             wait_for_lock(rest, lock, lock);
         },
         WaitKind::file_lock, "(flock), held by a/1 (fd "},
        {"flock, shared",
         [](Rest rest) {
             wait_for_lock(
                 rest, [](int fd) { flock(fd, LOCK_SH); }, [](int fd) { flock(fd, LOCK_EX); });
         },
         WaitKind::file_lock, "waits for a write lock of /memfd:locked"},
        {"fcntl",
         [](Rest rest) {
             wait_for_lock(
                 rest, [](int fd) { lock_range(fd, F_SETLKW, F_WRLCK, 0, 100); },
                 [](int fd) { lock_range(fd, F_SETLKW, F_RDLCK, 99, 1); });
         },
         WaitKind::file_lock, "waits for a read lock of bytes 99 to 99 of /memfd:locked"},
        {"lockf",
         [](Rest rest) {
             const Lock lock = [](int fd) {
                 if (lockf(fd, F_LOCK, 0) != 0) abort();
             };
             wait_for_lock(rest, lock, lock);
         },
         WaitKind::file_lock, "(fcntl), held by a/1 (fd "},
        {"fcntl, of the open file",
         [](Rest rest) {
             const Lock lock = [](int fd) { lock_range(fd, F_OFD_SETLKW, F_WRLCK, 0, 0); };
             wait_for_lock(rest, lock, lock);
         },
         WaitKind::file_lock, "(fcntl, of the open file), held by a/1 (fd "},
    };
    return all;
}

// False where the host does not allow it.
bool leave_the_ipc_namespace() {
    return unshare(geteuid() == 0 ? CLONE_NEWIPC : CLONE_NEWUSER | CLONE_NEWIPC) == 0;
}

void in_own_ipc_namespace(Rest rest, const std::function<void()>& wait) {
    if (!leave_the_ipc_namespace()) abort();
    behind_a_child(
        rest, [] {}, wait);
}

void wait_for_semaphore() {
    sembuf operation = {.sem_num = 0, .sem_op = -1, .sem_flg = 0};
    semop(semget(IPC_PRIVATE, 1, 0600), &operation, 1);
}

struct Message {
    long type = 1;
    char text[1024] = {};
};

void wait_for_message() {
    Message message;
    msgrcv(msgget(IPC_PRIVATE, 0600), &message, sizeof message.text, 0, 0);
}

void wait_for_room() {
    const int queue = msgget(IPC_PRIVATE, 0600);
    const Message message;
    while (msgsnd(queue, &message, sizeof message.text, 0) == 0) {
    }
}

const std::vector<Case>& of_system_v() {
    static const std::vector<Case> all = {
        {"semaphore", [](Rest rest) { in_own_ipc_namespace(rest, wait_for_semaphore); }, WaitKind::semaphore,
         "waits for semaphore 0 to be at least 1 in set"},
        {"message", [](Rest rest) { in_own_ipc_namespace(rest, wait_for_message); }, WaitKind::message_queue,
         "waits for a message in queue"},
        {"room", [](Rest rest) { in_own_ipc_namespace(rest, wait_for_room); }, WaitKind::message_queue,
         "waits for room in message queue"},
    };
    return all;
}

void both_directions(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        INFO(one.name);
        {
            StuckTree tree([&] { one.body(Rest::stuck); });
            tree.name_child(tree.a(), "a", "a/1");
            REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
            const Diagnosis diagnosis = tree.explain();
            const DiagnosedThread* const main = find(diagnosis, "a", "main");
            CHECK(main->wait.kind == one.kind);
            CHECK_THAT(main->wait.sentence, Contains(one.sentence));
        }
        StuckTree tree([&] { one.body(Rest::goes_on); });
        tree.name_child(tree.a(), "a", "a/1");
        CHECK(tree.look_until_doubt("a: a/1 may end its wait: it sleeps for some time"));
        CHECK(tree.never_proven(10));
    }
}

bool has_ipc_namespaces() {
    const pid_t child = fork();
    if (child == 0) _exit(leave_the_ipc_namespace() ? 0 : 1);
    int status = 1;
    waitpid(child, &status, 0);
    return host_has(status == 0, "IPC namespace of one's own");
}

}  // namespace

TEST_CASE("file locks: stuck with their holder, not proven while it goes on") {
    both_directions(file_locks());
}

TEST_CASE("a flock is held by whoever inherited the open file, also when its taker has ended") {
    StuckTree tree([] {
        const SomeFile file;
        const int held = file.open_anew(), wanted = file.open_anew();
        const Pipe ended;
        if (fork() == 0) {
            flock(held, LOCK_EX);
            if (fork() == 0) {
                keep_only({held});
                rest_for_ever(Rest::stuck);
            }
            _exit(0);  // its end of the pipe closes
        }
        waitpid(-1, nullptr, 0);
        keep_only({wanted});
        flock(wanted, LOCK_EX);
    });
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK_THAT(find(diagnosis, "a", "main")->wait.sentence, Contains("(flock), held by"));
}

TEST_CASE("a file lock whose holder is not looked at is not proven stuck") {
    const SomeFile file;
    const UniqueFd held(file.open_anew());
    REQUIRE(flock(held.get(), LOCK_EX) == 0);
    StuckTree tree([&] {
        const int wanted = file.open_anew();
        keep_only({wanted});
        flock(wanted, LOCK_EX);
    });
    CHECK(
        tree.look_until_doubt("a: none of the processes that are looked at holds the lock of /memfd:locked"));
    CHECK(tree.never_proven(10));
}

TEST_CASE("System V in an IPC namespace of its own: stuck with all who live there") {
    if (!has_ipc_namespaces()) return;
    both_directions(of_system_v());
}

TEST_CASE("System V in the IPC namespace of everybody is not proven stuck") {
    const int set = semget(IPC_PRIVATE, 1, 0600);
    REQUIRE(set >= 0);
    {
        StuckTree tree([set] {
            keep_only({});
            sembuf operation = {.sem_num = 0, .sem_op = -1, .sem_flg = 0};
            semop(set, &operation, 1);
        });
        CHECK(tree.look_until_doubt("a: anybody who lives in its IPC namespace may end it"));
        CHECK(tree.never_proven(10));
    }
    semctl(set, 0, IPC_RMID);
}
