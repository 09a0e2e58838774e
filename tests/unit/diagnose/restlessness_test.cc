#include "diagnose/restlessness.h"

#include <sys/syscall.h>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

// One thread, looked at again and again.
class Looks {
  public:
    Looks() {
        scene_.process(10, "a");
        scene_.running(10, 10).run_count.times_run = 1;
    }
    ThreadSnapshot& thread() { return scene_.of(10).threads.front(); }
    void look() { restlessness_.add_look(scene_.snapshot, waits_of(scene_.snapshot)); }
    void ran_meanwhile() { thread().run_count.cpu_ns += 1'000'000; }
    bool restless() const { return restlessness_.threads() == std::vector<pid_t>{10}; }

  private:
    Scene scene_;
    Restlessness restlessness_;
};

constexpr int many = 10;

}  // namespace

TEST_CASE("restless is who uses the processor look after look") {
    Looks looks;
    looks.look();
    CHECK_FALSE(looks.restless());
    for (int i = 0; i < many; ++i) looks.ran_meanwhile(), looks.look();
    CHECK(looks.restless());
    looks.thread().state = 'S';
    looks.look();
    CHECK_FALSE(looks.restless());
}

TEST_CASE("who gets more memory gets on") {
    Looks looks;
    for (int i = 0; i < many; ++i) {
        ++looks.thread().faults;
        looks.ran_meanwhile(), looks.look();
    }
    CHECK_FALSE(looks.restless());
    for (int i = 0; i < many; ++i) looks.ran_meanwhile(), looks.look();
    CHECK(looks.restless());
}

TEST_CASE("who has not run meanwhile only waits for a processor") {
    Looks looks;
    for (int i = 0; i < many; ++i) looks.look();
    CHECK_FALSE(looks.restless());
}

TEST_CASE("restless is who wakes up by the clock again and again") {
    Looks looks;
    looks.thread().state = 'S';
    looks.thread().in_syscall = true;
    looks.thread().syscall = SYS_nanosleep;
    looks.thread().sp = 0x7ffc00000000;
    looks.look();
    CHECK_FALSE(looks.restless());
    for (int i = 0; i < many; ++i) looks.ran_meanwhile(), looks.look();
    CHECK(looks.restless());
}
