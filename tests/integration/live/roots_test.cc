// Which processes `rehang diagnose` looks at.
#include "live/roots.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "child.h"

using namespace rehang;

namespace {

using Pids = std::vector<pid_t>;

// Both ends of something, close-on-exec or not: children of the test inherit them.
struct Ends {
    explicit Ends(bool socket = false) {
        REQUIRE((socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : ::pipe(ends)) == 0);
    }
    ~Ends() { close(); }
    void close() {
        for (int& end : ends)
            if (end >= 0) ::close(std::exchange(end, -1));
    }
    int ends[2] = {-1, -1};
};

// What the test itself has open does not connect the children with each other.
void keep_only(std::initializer_list<int> descriptors) {
    for (int fd = 0; fd < Child::above_all; ++fd)
        if (std::ranges::find(descriptors, fd) == descriptors.end()) ::close(fd);
}

bool has(const Pids& pids, pid_t pid) {
    return std::ranges::find(pids, pid) != pids.end();
}

}  // namespace

TEST_CASE("the names of trees; none is the smallest") {
    CHECK(parse_tree("") == Tree::below);
    CHECK(parse_tree("below") == Tree::below);
    CHECK(parse_tree("ancestor") == Tree::ancestor);
    CHECK(parse_tree("related") == Tree::related);
    CHECK_FALSE(parse_tree("Related"));
}

TEST_CASE("below: those that were named, as they are") {
    const Child one, other;
    CHECK(roots_of({one.pid, other.pid}, Tree::below) == Pids{one.pid, other.pid});
}

TEST_CASE("ancestor: the topmost process of the session") {
    int grandchild[2];
    REQUIRE(::pipe(grandchild) == 0);
    const Child leader([&] {
        ::setsid();
        const pid_t pid = ::fork();
        if (pid == 0)
            for (;;) ::pause();
        if (::write(grandchild[1], &pid, sizeof pid) != sizeof pid) ::_exit(1);
        // It ends with the leader, which the test kills.
    });
    pid_t pid = -1;
    REQUIRE(::read(grandchild[0], &pid, sizeof pid) == sizeof pid);
    CHECK(roots_of({pid}, Tree::ancestor) == Pids{leader.pid});
    CHECK(roots_of({leader.pid}, Tree::ancestor) == Pids{leader.pid});
    ::kill(pid, SIGKILL);
    ::close(grandchild[0]);
    ::close(grandchild[1]);
}

TEST_CASE("related: whoever has a pipe or a socket in common, and so on") {
    const bool by_socket = GENERATE(false, true);
    Ends first(by_socket), second(by_socket);
    const Child one([&] { keep_only({first.ends[0]}); });
    const Child middle([&] { keep_only({first.ends[0], second.ends[0]}); });
    const Child last([&] { keep_only({second.ends[0]}); });
    const Child stranger([] { keep_only({}); });
    first.close();
    second.close();
    const Pids roots = roots_of({one.pid}, Tree::related);
    CHECK(roots.front() == one.pid);
    CHECK(has(roots, middle.pid));
    CHECK(has(roots, last.pid));
    CHECK_FALSE(has(roots, stranger.pid));
    CHECK_FALSE(has(roots, ::getpid()));
}

TEST_CASE("related: a file in common does not connect") {
    const int null = ::open("/dev/null", O_RDWR);
    const Child one([&] { keep_only({null}); });
    const Child other([&] { keep_only({null}); });
    ::close(null);
    CHECK(roots_of({one.pid}, Tree::related) == Pids{one.pid});
}
