#include "supervise/fake_link.h"
#include "catch.h"

namespace rehang {
namespace {

TEST_CASE("a fake's descriptor tells in /proc what it is") {
    for (const FakeLink& link : {FakeLink{.number = 1, .device = "/dev/kvm", .file = ""},
                                 FakeLink{.number = 1700, .device = "/dev/kvm", .file = "vcpu 1"}}) {
        const auto back = fake_of_link("/memfd:" + link.memory_file_name() + " (deleted)");
        REQUIRE(back);
        CHECK(back->number == link.number);
        CHECK(back->device == link.device);
        CHECK(back->file == link.file);
    }
}

TEST_CASE("conditions of faults see the names that a real device's descriptors have") {
    CHECK(FakeLink{.number = 1, .device = "/dev/kvm", .file = ""}.name_of_real_one() == "/dev/kvm");
    CHECK(FakeLink{.number = 2, .device = "/dev/kvm", .file = "vm"}.name_of_real_one() ==
          "anon_inode:kvm-vm");
    CHECK(FakeLink{.number = 3, .device = "/dev/kvm", .file = "vcpu 1"}.name_of_real_one() ==
          "anon_inode:kvm-vcpu:1");
}

TEST_CASE("other descriptors are none of a fake's") {
    for (const char* link : {"", "/dev/kvm", "pipe:[1]", "/memfd:x (deleted)", "/memfd:rehang (deleted)",
                             "/memfd:rehang: (deleted)", "/memfd:rehang:x:/dev/kvm (deleted)",
                             "/memfd:rehang:12 (deleted)", "/tmp/memfd:rehang:1:/dev/kvm"})
        CHECK_FALSE(fake_of_link(link));
}

TEST_CASE("a name too long for a memory file is cut") {
    const FakeLink link{.number = 1, .device = "/dev/" + std::string(400, 'x'), .file = "vm"};
    CHECK(link.memory_file_name().size() == 249);
}

}  // namespace
}  // namespace rehang
