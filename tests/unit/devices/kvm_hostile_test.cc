// Whatever a target passes: no crash, and what is not there gives EFAULT.
#include <cerrno>

#include "base/ioctl_requests.h"
#include "catch.h"
#include "devices/kvm/arm64/structures.h"
#include "devices/kvm/requests.h"
#include "devices/kvm/structures.h"
#include "target.h"

using namespace rehang;
using namespace rehang::fakes;
using namespace rehang::fakes::test;
namespace request = rehang::fakes::kvm::request;

namespace {

std::vector<std::uint32_t> kvm_requests() {
    std::vector<std::uint32_t> requests;
    for (const std::string& name : ioctl_request_names())
        if (name.starts_with("KVM_")) requests.push_back(*ioctl_request(name));
    // Where arm64's structure has another size.
    requests.push_back(request::arm64::vcpu_init);
    requests.push_back(request::arm64::set_guest_debug);
    return requests;
}

// A file of each kind, of a VM that has all that there is: no call fails for want of something.
std::vector<std::shared_ptr<File>> all_files(Target& target, bool arm64) {
    const auto vm = target.call(target.kvm, request::create_vm).opens;
    if (!arm64) {
        target.call(vm, request::x86::create_irqchip);
        target.call(vm, request::x86::create_pit);
    }
    const auto vcpu = target.call(vm, request::create_vcpu, 0).opens;
    std::vector<std::shared_ptr<File>> files = {target.kvm, vm, vcpu};
    if (arm64) {
        const kvm::arm64::VcpuInit init{.target = kvm::arm64::VcpuInit::generic_v8, .features = {8}};
        target.pass(vcpu, request::arm64::vcpu_init, init);
        for (const std::uint32_t type : {7U, 8U})
            files.push_back(target.pass(vm, request::create_device, kvm::CreateDevice{.type = type}).opens);
    }
    return files;
}

// The structure's size is in the request's number, but for a few that have none and take a pointer.
bool takes_pointer(std::uint32_t number) {
    return number >> 30 != 0;
}

// The kernel looks first whether there are vCPUs already, and then at the pointer.
bool is_too_late(std::uint32_t number) {
    return number == request::x86::set_identity_map_addr;
}

}  // namespace

TEST_CASE("a wild pointer gives EFAULT, whatever is asked of whatever file") {
    const bool arm64 = GENERATE(false, true);
    Target target(arm64 ? "kvm-arm64" : "kvm-x86");
    int known = 0;
    for (const auto& file : all_files(target, arm64)) {
        for (const std::uint32_t number : kvm_requests()) {
            if (!takes_pointer(number)) continue;
            for (const std::uint64_t wild :
                 {std::uint64_t{TargetMemory::wild}, ~std::uint64_t{0}, ~std::uint64_t{7}}) {
                const Answer answer = target.call(file, number, wild);
                CAPTURE(file->name(), number, wild);
                CHECK_FALSE(answer.opens);
                if (answer.unknown || is_too_late(number)) continue;
                CHECK(answer.value == -EFAULT);
                ++known;
            }
        }
    }
    CHECK(known > 3 * 20);
}

TEST_CASE("memory that cannot be written gives EFAULT to what writes") {
    Target target("kvm-x86");
    const auto files = all_files(target, false);
    const std::uint64_t somewhere = target.memory.room(8192);
    target.memory.make_read_only();
    for (const std::uint32_t number : kvm_requests()) {
        if (number >> 30 != 2) continue;  // _IOR: the kernel writes
        const Answer answer = target.call(files[2], number, somewhere);
        CAPTURE(number);
        CHECK((answer.unknown || answer.value == -EFAULT));
    }
}

TEST_CASE("structures full of anything are answered, in any order") {
    const bool arm64 = GENERATE(false, true);
    Target target(arm64 ? "kvm-arm64" : "kvm-x86");
    const auto files = all_files(target, arm64);
    for (const int byte : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
        target.memory.reuse();
        const std::uint64_t somewhere = target.memory.room(65536);
        const std::vector<std::byte> filled(65536, std::byte(byte));
        for (const std::uint32_t number : kvm_requests()) {
            for (const auto& file : files) {
                REQUIRE(target.memory.write(somewhere, filled));
                const Answer answer = target.call(file, number, somewhere);
                CAPTURE(file->name(), number);
                CHECK(answer.value > -134);
                CHECK((!answer.waits || number == request::run));
            }
        }
    }
}

TEST_CASE("arrays at the end of memory are read no further than it goes") {
    Target target("kvm-x86");
    const auto vcpu = all_files(target, false)[2];
    // The header is the last there is: its entries are not.
    const std::uint64_t last = TargetMemory::start + 256 * 1024 - 8;
    for (const std::uint32_t count : {1U, 200U}) {
        const std::uint64_t header = count;
        REQUIRE(target.memory.write(last, bytes_of(header)));
        CHECK(target.call(vcpu, request::x86::set_msrs, last).value == -EFAULT);
        REQUIRE(target.memory.write(last, bytes_of(header)));
        CHECK(target.call(vcpu, request::x86::set_cpuid2, last).value == -EFAULT);
    }
    const std::uint64_t too_many = 0xffffffff;
    REQUIRE(target.memory.write(last, bytes_of(too_many)));
    CHECK(target.call(vcpu, request::x86::set_msrs, last).value == -E2BIG);
    CHECK(target.call(vcpu, request::x86::set_cpuid2, last).value == -E2BIG);
}
