#include "sandbox/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace rehang {

Expected<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return failure("can't make a pipe");
    return Pipe{.read = UniqueFd(ends[0]), .write = UniqueFd(ends[1])};
}

void fill_standard_descriptors() {
    for (int fd = 0; fd <= STDERR_FILENO;) {
        fd = ::open("/dev/null", O_RDWR);  // the lowest free number
        if (fd < 0) return;
        if (fd > STDERR_FILENO) ::close(fd);
    }
}

void keep_only_descriptors(std::vector<int> kept) {
    std::ranges::sort(kept);
    unsigned first = 0;
    for (const int fd : kept) {
        const auto number = static_cast<unsigned>(fd);
        if (number > first) ::close_range(first, number - 1, 0);
        first = number + 1;
    }
    ::close_range(first, std::numeric_limits<unsigned>::max(), 0);
}

}  // namespace rehang
