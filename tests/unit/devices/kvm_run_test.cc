// KVM_RUN of both architectures: it waits, comes back when told to, and writes what it was told to write.
#include <cerrno>

#include "catch.h"
#include "devices/kvm/arm64/structures.h"
#include "devices/kvm/requests.h"
#include "devices/kvm/structures.h"
#include "target.h"

using namespace rehang::fakes;
using namespace rehang::fakes::test;
namespace request = rehang::fakes::kvm::request;

namespace {

constexpr std::size_t at_exit_reason = 8, at_mmio_address = 32, at_mmio_data = 40, at_mmio_length = 48,
                      at_mmio_is_write = 52;
constexpr std::uint32_t exit_mmio = 6, exit_intr = 10;

// A VM whose vCPUs can run.
struct Running {
    explicit Running(std::string_view model, const Settings& settings = {})
        : arm64(model == "kvm-arm64"),
          target(model, settings),
          vm(target.call(target.kvm, request::create_vm).opens) {}

    MappedVcpu vcpu(std::uint64_t id) {
        MappedVcpu made(target.call(vm, request::create_vcpu, id).opens);
        if (arm64) {
            const kvm::arm64::VcpuInit init{.target = kvm::arm64::VcpuInit::generic_v8};
            REQUIRE(target.pass(made.file, request::arm64::vcpu_init, init).value == 0);
        }
        return made;
    }

    bool arm64;
    Target target;
    std::shared_ptr<File> vm;
};

}  // namespace

TEST_CASE("a vCPU that runs waits for a signal") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    Running running(model);
    MappedVcpu vcpu = running.vcpu(0);
    CHECK(running.target.device->waiting_requests() == std::vector<std::uint32_t>{request::run});

    const Answer answer = running.target.call(vcpu.file, request::run);
    CHECK(answer.waits);
    CHECK(answer.value == -EINTR);
    CHECK(vcpu.at<std::uint32_t>(at_exit_reason) == exit_intr);
}

TEST_CASE("a vCPU whose VMM has asked for an immediate exit does not wait, until it is taken back") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    Running running(model);
    MappedVcpu vcpu = running.vcpu(0);
    vcpu.set_immediate_exit(true);
    Answer answer = running.target.call(vcpu.file, request::run);
    CHECK_FALSE(answer.waits);
    CHECK(answer.value == -EINTR);

    vcpu.set_immediate_exit(false);
    CHECK(running.target.call(vcpu.file, request::run).waits);
}

TEST_CASE("a vCPU that nobody has mapped runs too") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    Running running(model, {{"mmio_writes", "1:2"}});
    const std::uint64_t id = 0;
    const auto vcpu = running.target.call(running.vm, request::create_vcpu, id).opens;
    if (running.arm64) {
        CHECK(running.target.call(vcpu, request::run).value == -ENOEXEC);
        const kvm::arm64::VcpuInit init{.target = kvm::arm64::VcpuInit::generic_v8};
        REQUIRE(running.target.pass(vcpu, request::arm64::vcpu_init, init).value == 0);
    }
    CHECK(running.target.call(vcpu, request::run).value == 0);
    CHECK(running.target.call(vcpu, request::run).waits);
}

TEST_CASE("KVM_RUN takes no argument") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    Running running(model);
    const Answer answer = running.target.call(running.vcpu(0).file, request::run, 1);
    CHECK(answer.value == -EINVAL);
    CHECK_FALSE(answer.waits);
}

TEST_CASE("the first vCPU makes the writes of the settings in order, each VM's anew, and waits then") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    Running running(model, {{"mmio_writes", "0x09000030:0x301, 0x09000038:0x7ff"}});
    const auto expect_write = [&](const MappedVcpu& vcpu, std::uint64_t address, std::uint64_t value) {
        const Answer answer = running.target.call(vcpu.file, request::run);
        CHECK(answer.value == 0);
        CHECK_FALSE(answer.waits);
        CHECK(vcpu.at<std::uint32_t>(at_exit_reason) == exit_mmio);
        CHECK(vcpu.at<std::uint64_t>(at_mmio_address) == address);
        CHECK(vcpu.at<std::uint64_t>(at_mmio_data) == value);
        CHECK(vcpu.at<std::uint32_t>(at_mmio_length) == 4);
        CHECK(vcpu.at<std::uint8_t>(at_mmio_is_write) == 1);
    };
    MappedVcpu first = running.vcpu(0);
    MappedVcpu second = running.vcpu(1);
    if (!running.arm64)  // it was created as one that waits for its start
        REQUIRE(running.target.pass(second.file, request::set_mp_state, kvm::MpState::runnable).value == 0);
    CHECK(running.target.call(second.file, request::run).waits);

    first.set_immediate_exit(true);
    CHECK(running.target.call(first.file, request::run).value == -EINTR);
    first.set_immediate_exit(false);
    expect_write(first, 0x09000030, 0x301);
    expect_write(first, 0x09000038, 0x7ff);
    CHECK(running.target.call(first.file, request::run).waits);

    running.vm = running.target.call(running.target.kvm, request::create_vm).opens;
    expect_write(running.vcpu(0), 0x09000030, 0x301);
}

TEST_CASE("a vCPU that is stopped writes nothing") {
    Running running("kvm-arm64", {{"mmio_writes", "1:2"}});
    MappedVcpu vcpu = running.vcpu(0);
    REQUIRE(running.target.pass(vcpu.file, request::set_mp_state, kvm::MpState::stopped).value == 0);
    CHECK(running.target.call(vcpu.file, request::run).waits);
    REQUIRE(running.target.pass(vcpu.file, request::set_mp_state, kvm::MpState::runnable).value == 0);
    CHECK(running.target.call(vcpu.file, request::run).value == 0);
}

TEST_CASE("x86 tells at each exit what its VMM reads from the page") {
    Running running("kvm-x86");
    MappedVcpu vcpu = running.vcpu(0);
    running.target.call(vcpu.file, request::run);
    CHECK(vcpu.at<std::uint64_t>(24) == 0xfee00900);  // apic_base: the boot CPU's
    CHECK(vcpu.at<std::uint8_t>(13) == 0);            // if_flag
}
