#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "catch.h"
#include "scene.h"

using namespace rehang;
using Type = FileLock::Type;

namespace {

constexpr std::uint64_t device = 0x801, inode = 131;

DescriptorSnapshot& open_file(Scene& scene, pid_t pid, int fd, std::vector<FileLock> locks = {}) {
    DescriptorSnapshot& file = scene.descriptor(pid, fd, "/tmp/f");
    file.device = device;
    file.inode = inode;
    file.locks = std::move(locks);
    return file;
}

FileLock lock(Type type, bool exclusive = true, std::uint64_t first = 0, std::uint64_t last = UINT64_MAX) {
    return {.type = type, .exclusive = exclusive, .first = first, .last = last};
}

// "a" waits by flock for what "b" holds through its fd 4; b only waits for a signal.
Scene flock_behind(std::vector<FileLock> held, std::uint64_t operation = LOCK_EX) {
    Scene scene;
    scene.process(10, "a");
    open_file(scene, 10, 3);
    scene.asleep(10, 10, SYS_flock, {3, operation});
    scene.process(20, "b");
    open_file(scene, 20, 4, std::move(held));
    scene.asleep(20, 20, SYS_pause, {});
    return scene;
}

constexpr std::uint64_t where = private_memory;

Scene fcntl_behind(std::vector<FileLock> held, struct flock asked, int command = F_SETLKW) {
    Scene scene = flock_behind(std::move(held));
    scene.of(10).threads.clear();
    scene.asleep(10, 10, SYS_fcntl, {3, static_cast<std::uint64_t>(command), where});
    scene.bytes(10, where, &asked, sizeof asked);
    return scene;
}

struct flock range(short type, off_t start, off_t length, short whence = SEEK_SET) {
    struct flock asked {};
    asked.l_type = type, asked.l_whence = whence, asked.l_start = start, asked.l_len = length;
    return asked;
}

}  // namespace

TEST_CASE("flock: stuck when the holder is, and it is named") {
    Scene scene = flock_behind({lock(Type::flock)});
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::file_lock);
    CHECK(scene.wait(10).sentence == "waits for a write lock of /tmp/f (flock), held by b (fd 4)");
    CHECK(scene.wait(10).wakers == std::vector<pid_t>{20});
    scene.of(20).threads.front().state = 'R';
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("flock: a lock that is inherited by fork can be released by all who have the open file") {
    Scene scene = flock_behind({lock(Type::flock)});
    scene.process(30, "b/1", 20);
    open_file(scene, 30, 4, {lock(Type::flock)});
    scene.running(30, 30);
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).wakers == std::vector<pid_t>{20, 30});
}

TEST_CASE("flock: readers wait for writers only") {
    CHECK(flock_behind({lock(Type::flock)}, LOCK_SH).stuck(10));
    const Scene scene = flock_behind({lock(Type::flock, false)}, LOCK_SH);
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).by_outside ==
          "none of the processes that are looked at holds the lock of /tmp/f that it waits for");
    CHECK(flock_behind({lock(Type::flock, false)}, LOCK_EX).stuck(10));
}

TEST_CASE("flock: fcntl's locks and leases are not in its way, nor are locks of another file") {
    CHECK_FALSE(flock_behind({lock(Type::posix)}).stuck(10));
    CHECK_FALSE(flock_behind({lock(Type::ofd)}).stuck(10));
    CHECK_FALSE(flock_behind({lock(Type::other)}).stuck(10));
    Scene scene = flock_behind({lock(Type::flock)});
    scene.of(20).descriptors.front().inode = inode + 1;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("flock: its own process may hold it through another open file") {
    Scene scene = flock_behind({});
    open_file(scene, 10, 7, {lock(Type::flock)});
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).sentence == "waits for a write lock of /tmp/f (flock), held by a (fd 7)");
}

TEST_CASE("flock: open files that may be elsewhere make it unproven") {
    Scene scene = flock_behind({lock(Type::flock)});
    SECTION("in flight") {
        scene.descriptor(20, 5, "socket:[9]").scm_fds = 1;
    }
    SECTION("in a process that can't be read") {
        scene.process(30, "c").unreadable = true;
    }
    SECTION("outside of a sandbox") {
        scene.snapshot.world = World::machine;
    }
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("flock: not while somebody who goes on could kill the holder") {
    Scene scene = flock_behind({lock(Type::flock)});
    scene.process(30, "c");
    scene.running(30, 30);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("fcntl: ranges that overlap") {
    const FileLock held = lock(Type::posix, true, 10, 19);
    const Scene scene = fcntl_behind({held}, range(F_WRLCK, 5, 10));
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).sentence ==
          "waits for a write lock of bytes 5 to 14 of /tmp/f (fcntl), held by b (fd 4)");
    CHECK(fcntl_behind({held}, range(F_RDLCK, 19, 0)).stuck(10));
    CHECK(fcntl_behind({held}, range(F_WRLCK, 19, 0)).wait(10).sentence ==
          "waits for a write lock of the bytes from 19 on of /tmp/f (fcntl), held by b (fd 4)");
    CHECK_FALSE(fcntl_behind({held}, range(F_WRLCK, 0, 10)).stuck(10));
    CHECK_FALSE(fcntl_behind({held}, range(F_WRLCK, 20, 0)).stuck(10));
}

TEST_CASE("fcntl: from the position in the file on only a lock of all of it is surely in the way") {
    CHECK_FALSE(fcntl_behind({lock(Type::posix, true, 0, 99)}, range(F_WRLCK, 0, 0, SEEK_CUR)).stuck(10));
    CHECK(fcntl_behind({lock(Type::posix)}, range(F_WRLCK, 0, 0, SEEK_CUR)).stuck(10));
}

TEST_CASE("fcntl: both kinds of its locks are in each other's way, flock's are not") {
    CHECK(fcntl_behind({lock(Type::ofd)}, range(F_WRLCK, 0, 0)).stuck(10));
    CHECK(fcntl_behind({lock(Type::posix)}, range(F_WRLCK, 0, 0), F_OFD_SETLKW).stuck(10));
    CHECK_FALSE(fcntl_behind({lock(Type::flock)}, range(F_WRLCK, 0, 0)).stuck(10));
}

TEST_CASE("fcntl: what the asker holds itself is not in its way") {
    SECTION("the process's own, through any descriptor") {
        Scene scene = fcntl_behind({}, range(F_WRLCK, 0, 0));
        open_file(scene, 10, 7, {lock(Type::posix, false)});
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("the open file's own, also where a child has inherited it") {
        Scene scene = fcntl_behind({}, range(F_WRLCK, 0, 0), F_OFD_SETLKW);
        scene.of(10).descriptors.front().locks = {lock(Type::ofd, false)};
        scene.of(20).descriptors.front().locks = {lock(Type::ofd, false)};
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("fcntl: a range that can't be read, or another command, is not understood") {
    Scene scene = fcntl_behind({lock(Type::posix)}, range(F_WRLCK, 0, 0));
    SECTION("range") {
        scene.snapshot.memory.clear();
    }
    SECTION("command") {
        scene.of(10).threads.front().args[1] = F_SETPIPE_SZ;
    }
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::unknown);
}
