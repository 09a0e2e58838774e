#include "looking.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "catch.h"
#include "host/host.h"

namespace rehang::e2e {

bool no_gdb() {
    if (must_skip()) return true;
    const auto there = check_need("program:gdb");
    if (there) return false;
    if (std::getenv("REHANG_MUST_RUN")) FAIL(there.error().what);
    WARN("skipped: " << there.error().what);
    return true;
}

AtPrompt::AtPrompt(const std::string& scenario, const std::string& stopped,
                   const std::vector<std::string>& more) {
    const std::string fifo = folder.path() + "/terminal";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    typing = UniqueFd(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
    std::vector<std::string> words = {"run", scenario, "--gdb"};
    words.insert(words.end(), more.begin(), more.end());
    run.emplace(words, folder.path(), fifo);
    for (std::string line; !line.contains("(gdb) ");) {
        line = run->read_line();
        if (line.starts_with("gdb: ")) break;
    }
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    do {
        REQUIRE(std::chrono::steady_clock::now() < give_up);
        family = family_of(*run);
        ::sched_yield();
    } while (!has(family, "gdb", "S") || !has(family, stopped, "t"));
}

int AtPrompt::pid_of(const std::string& name) const {
    return std::ranges::find(family, name, &Relative::name)->pid;
}

void AtPrompt::quit() const {
    REQUIRE(::write(typing.get(), "quit\n", 5) == 5);
}

}  // namespace rehang::e2e
