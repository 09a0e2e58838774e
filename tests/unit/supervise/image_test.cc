#include "supervise/image.h"

#include <sys/mman.h>

#include <cstring>
#include <limits>

#include "catch.h"

using namespace rehang;

// The code is made for stubbing functions out; here it is executed for real.
TEST_CASE("a stub returns its value, for values of every size") {
    const auto value = GENERATE(as<std::int64_t>{}, 0, 1, -1, 42, 0x7fffffff, 0xffffffff, 0x100000000,
                                -0x80000000LL, -0x80000001LL, std::numeric_limits<std::int64_t>::max(),
                                std::numeric_limits<std::int64_t>::min());
    const auto code = return_code(value);
    void* page =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    std::memcpy(page, code.data(), code.size());
    CHECK(reinterpret_cast<std::int64_t (*)()>(page)() == value);
    ::munmap(page, 4096);
}

TEST_CASE("the usual stubs fit into the smallest functions") {
    CHECK(return_code(0).size() == 3);
    CHECK(return_code(1).size() == 6);
}
