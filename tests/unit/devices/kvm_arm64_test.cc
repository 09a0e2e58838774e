// VMs, vCPUs and registers of kvm-arm64.
#include <cerrno>

#include "arm64_target.h"
#include "catch.h"

using namespace rehang::fakes;
using namespace rehang::fakes::kvm;
using namespace rehang::fakes::kvm::arm64;
using namespace rehang::fakes::test;
namespace request = rehang::fakes::kvm::request;

namespace {

constexpr RegisterId mpidr = register_id::system_register(3, 0, 0, 0, 5);
constexpr RegisterId midr = register_id::system_register(3, 0, 0, 0, 0);
constexpr RegisterId sctlr = register_id::system_register(3, 0, 1, 0, 0);
constexpr RegisterId pmcr = register_id::system_register(3, 3, 9, 12, 0);
constexpr RegisterId id_aa64pfr0 = register_id::system_register(3, 0, 0, 4, 0);
constexpr RegisterId id_aa64dfr0 = register_id::system_register(3, 0, 0, 5, 0);
constexpr RegisterId psci_version = 0x6030000000140000;
constexpr RegisterId pc = register_id::core_register(0x40, register_id::u64);

std::vector<RegisterId> register_list(Arm64Target& target, const std::shared_ptr<File>& vcpu) {
    const std::uint64_t list = target.memory.put(std::array<std::uint64_t, 256>{});
    REQUIRE(target.call(vcpu, request::arm64::get_reg_list, list).value == -E2BIG);
    const auto count = target.memory.at<std::uint64_t>(list);
    REQUIRE(count < 256);
    REQUIRE(target.call(vcpu, request::arm64::get_reg_list, list).value == 0);
    return *copy_in<RegisterId>(target.memory, list + 8, count);
}

}  // namespace

TEST_CASE("a VM's type is how many bits its guest's addresses have") {
    Target target("kvm-arm64");
    CHECK(target.call(target.kvm, request::check_extension, 165).value == 44);
    for (const std::uint64_t right : {0, 32, 40, 44})
        CHECK(target.call(target.kvm, request::create_vm, right).opens);
    for (const std::uint64_t wrong : {1, 31, 45, 256})
        CHECK(target.call(target.kvm, request::create_vm, wrong).value == -EINVAL);
}

TEST_CASE("a scratch VM, as QEMU makes one to look at the processor, and then the real one") {
    Arm64Target target;
    const auto scratch_kvm = target.device->open(2).opens;
    const auto scratch = target.call(scratch_kvm, request::create_vm, 44).opens;
    const auto vcpu = target.call(scratch, request::create_vcpu, 0).opens;
    const auto init = target.get<VcpuInit>(scratch, request::arm64::preferred_target);
    CHECK(init.target == 5);
    CHECK(target.pass(vcpu, request::arm64::vcpu_init, init).value == 0);
    // ID registers that the model gives no value are there, and 0.
    for (unsigned crm = 1; crm <= 7; ++crm)
        for (unsigned op2 = 0; op2 < 8; ++op2)
            CHECK_NOTHROW(target.register_value(vcpu, register_id::system_register(3, 0, 0, crm, op2)));
    CHECK((target.register_value(vcpu, id_aa64pfr0) & 0xff) == 0x11);

    const auto real = target.vcpu(0);
    CHECK(target.set_register(real, sctlr, 5) == 0);
    CHECK(target.register_value(vcpu, sctlr) != 5);
}

TEST_CASE("a vCPU has no registers before it has been initialised") {
    Arm64Target target;
    const auto vcpu = target.call(target.vm, request::create_vcpu, 0).opens;
    const std::uint64_t list = target.memory.put(std::uint64_t{0});
    CHECK(target.call(vcpu, request::arm64::get_reg_list, list).value == -ENOEXEC);
    CHECK(target.get_register(vcpu, midr, list) == -ENOEXEC);
    CHECK(target.set_register(vcpu, midr, 0) == -ENOEXEC);
    CHECK(target.call(vcpu, request::run).value == -ENOEXEC);
}

TEST_CASE("a vCPU is initialised with what the processor has, and again with the same") {
    Arm64Target target;
    const auto vcpu = target.call(target.vm, request::create_vcpu, 0).opens;
    CHECK(target.pass(vcpu, request::arm64::vcpu_init, VcpuInit{.target = 1}).value == -EINVAL);
    CHECK(target.init(vcpu, 1 << 1) == -EINVAL);  // AArch32
    CHECK(target.init(vcpu, 1 << 4) == -EINVAL);  // SVE
    CHECK(target.init(vcpu, 1 << 7) == -ENOENT);  // not in Linux 6.1
    VcpuInit far{.target = VcpuInit::generic_v8};
    far.features[6] = 1;
    CHECK(target.pass(vcpu, request::arm64::vcpu_init, far).value == -ENOENT);

    CHECK(target.init(vcpu, feature::psci_0_2 | feature::pmu_v3) == 0);
    CHECK(target.init(vcpu, feature::psci_0_2) == -EINVAL);
    CHECK(target.init(vcpu, feature::psci_0_2 | feature::pmu_v3 | feature::power_off) == 0);
}

TEST_CASE("a reset takes back what was set, and stops a vCPU that is to be off") {
    Arm64Target target;
    const auto vcpu = target.vcpu(1);
    CHECK(target.get<MpState>(vcpu, request::get_mp_state) == MpState::runnable);
    CHECK(target.set_register(vcpu, pc, 0x40000000) == 0);
    CHECK(target.init(vcpu, feature::power_off) == 0);
    CHECK(target.register_value(vcpu, pc) == 0);
    CHECK(target.get<MpState>(vcpu, request::get_mp_state) == MpState::stopped);
    CHECK(target.pass(vcpu, request::set_mp_state, MpState::halted).value == -EINVAL);
}

TEST_CASE("every register that is listed can be read, and set to what it is") {
    Arm64Target target;
    const std::uint32_t features = GENERATE(0U, feature::pmu_v3);
    const auto vcpu = target.vcpu(0, features);
    const auto ids = register_list(target, vcpu);
    CHECK(ids.size() == (features ? 147 : 136));
    for (const RegisterId id : ids) {
        target.memory.reuse();
        CAPTURE(id);
        const std::uint64_t address = target.memory.put(std::array<std::uint64_t, 2>{});
        CHECK(target.get_register(vcpu, id, address) == 0);
        CHECK(target.pass(vcpu, request::arm64::set_one_reg, OneReg{.id = id, .address = address}).value ==
              0);
    }
}

TEST_CASE("registers have the size that their ids say, to the byte") {
    Arm64Target target;
    const auto vcpu = target.vcpu(0);
    const auto v0 = register_id::core_register(0x54, register_id::u128);
    const auto fpcr = register_id::core_register(0xd5, register_id::u32);
    const std::uint64_t address = target.memory.put(std::array<std::uint64_t, 3>{1, 2, 3});
    CHECK(target.pass(vcpu, request::arm64::set_one_reg, OneReg{.id = v0, .address = address}).value == 0);
    CHECK(target.pass(vcpu, request::arm64::set_one_reg, OneReg{.id = fpcr, .address = address + 8}).value ==
          0);
    const std::uint64_t back = target.memory.put(std::array<std::uint64_t, 3>{~0ULL, ~0ULL, ~0ULL});
    CHECK(target.get_register(vcpu, v0, back) == 0);
    CHECK(target.memory.at<std::array<std::uint64_t, 3>>(back) == std::array<std::uint64_t, 3>{1, 2, ~0ULL});
    CHECK(target.get_register(vcpu, fpcr, back) == 0);
    CHECK(target.memory.at<std::uint64_t>(back) == 2);  // its upper half was 0 already
}

TEST_CASE("registers that do not exist, and those of other architectures") {
    Arm64Target target;
    const auto vcpu = target.vcpu(0);
    CHECK(target.set_register(vcpu, register_id::system_register(3, 7, 15, 15, 7), 0) == -ENOENT);
    CHECK(target.set_register(vcpu, register_id::core_register(0x4000, register_id::u64), 0) == -ENOENT);
    CHECK(target.set_register(vcpu, register_id::core_register(0x40, register_id::u32), 0) == -EINVAL);
    CHECK(target.set_register(vcpu, register_id::core_register(0x41, register_id::u64), 0) == -EINVAL);
    CHECK(target.set_register(vcpu, 0x2030000000000000, 0) == -EINVAL);  // x86
    CHECK(target.set_register(vcpu, ~0ULL, 0) == -EINVAL);
    CHECK(target.get_register(vcpu, midr, TargetMemory::wild) == -EFAULT);
}

TEST_CASE("what describes the processor cannot be changed") {
    Arm64Target target;
    const auto vcpu = target.vcpu(0);
    CHECK(target.set_register(vcpu, midr, target.register_value(vcpu, midr)) == 0);
    CHECK(target.set_register(vcpu, midr, 1) == -EINVAL);
    CHECK(target.set_register(vcpu, id_aa64pfr0, 0x12) == -EINVAL);
    CHECK(target.set_register(vcpu, register_id::system_register(3, 0, 0, 7, 6), 1) == -EINVAL);
    CHECK(target.set_register(vcpu, psci_version, 0x2) == 0);
    CHECK(target.set_register(vcpu, psci_version, 0x3) == -EINVAL);
}

TEST_CASE("vCPUs have numbers of their own") {
    Arm64Target target;
    CHECK(target.register_value(target.vcpu(0), mpidr) == 0x80000000);
    CHECK(target.register_value(target.vcpu(17), mpidr) == 0x80000101);
}

TEST_CASE("a machine without a PMU, and a vCPU without one, show none of its registers") {
    Arm64Target without(Settings{{"pmu", "false"}});
    CHECK(without.call(without.kvm, request::check_extension, 126).value == 0);
    const auto unable = without.call(without.vm, request::create_vcpu, 0).opens;
    CHECK(without.init(unable, feature::pmu_v3) == -EINVAL);

    Arm64Target target;
    CHECK(target.call(target.kvm, request::check_extension, 126).value == 1);
    const auto plain = target.vcpu(0);
    CHECK(target.set_register(plain, pmcr, 0) == -ENOENT);
    CHECK((target.register_value(plain, id_aa64dfr0) & 0xf00) == 0);
    const auto counting = target.vcpu(1, feature::pmu_v3);
    CHECK(target.set_register(counting, pmcr, 0) == 0);
    CHECK((target.register_value(counting, id_aa64dfr0) & 0xf00) == 0x100);
}

TEST_CASE("a guest is told of GICv3's registers where the machine has them, whichever GIC it gets") {
    for (const auto& [gic, field] : {std::pair("v3", 1), {"v2+v3", 1}, {"v2", 0}, {"none", 0}}) {
        Arm64Target target(Settings{{"gic", gic}});
        CHECK((target.register_value(target.vcpu(0), id_aa64pfr0) >> 24 & 0xf) ==
              static_cast<unsigned>(field));
    }
}

TEST_CASE("a VM may let its VMM decode what the hardware could not, and nothing else") {
    Arm64Target target;
    CHECK(target.pass(target.vm, request::enable_cap, EnableCap{.cap = 177}).value == 0);
    CHECK(target.pass(target.vm, request::enable_cap, EnableCap{.cap = 177, .flags = 1}).value == -EINVAL);
    CHECK(target.pass(target.vm, request::enable_cap, EnableCap{.cap = 168}).value == -EINVAL);
}

TEST_CASE("events are kept") {
    Arm64Target target;
    const auto vcpu = target.vcpu(0);
    VcpuEvents events{};
    events[0] = std::byte{1};
    CHECK(target.pass(vcpu, request::arm64::set_vcpu_events, events).value == 0);
    CHECK(target.get<VcpuEvents>(vcpu, request::arm64::get_vcpu_events) == events);
}
