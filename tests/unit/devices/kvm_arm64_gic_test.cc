// Interrupt controllers and PMU of kvm-arm64: in QEMU's order, out of order, and broken as the settings say.
#include <cerrno>

#include "arm64_target.h"
#include "catch.h"

using namespace rehang::fakes;
using namespace rehang::fakes::kvm;
using namespace rehang::fakes::kvm::arm64;
using namespace rehang::fakes::test;
namespace request = rehang::fakes::kvm::request;

namespace {

constexpr std::uint32_t v2 = device_type::vgic_v2, v3 = device_type::vgic_v3, its = device_type::vgic_its;
constexpr std::uint32_t cpu_line = 0, spi = 1, ppi = 2;

std::int64_t init(Arm64Target& target, const std::shared_ptr<File>& gic) {
    return target.act(gic, vgic_group::control, vgic_control::init);
}

// The number of the descriptor is written by whoever places it.
std::shared_ptr<File> opened(const Answer& answer) {
    REQUIRE(answer.opens);
    REQUIRE(answer.number_at);
    CHECK(answer.value == 0);
    return answer.opens;
}

std::int64_t set_pmu_irq(Arm64Target& target, const std::shared_ptr<File>& vcpu, std::uint32_t irq = 23) {
    return target.set(vcpu, vcpu_group::pmu_v3, pmu_attribute::irq, irq);
}

std::int64_t init_pmu(Arm64Target& target, const std::shared_ptr<File>& vcpu) {
    return target.act(vcpu, vcpu_group::pmu_v3, pmu_attribute::init);
}

}  // namespace

TEST_CASE("which GICs there are is what the settings say, also when only asked") {
    struct {
        const char* gic;
        bool v2, v3;
    } const cases[] = {{"v2", true, false},
                       {"v3", false, true},
                       {"v2+v3", true, true},
                       {"none", false, false},
                       {"v2-hollow", true, true}};
    for (const auto& each : cases) {
        CAPTURE(each.gic);
        Arm64Target target(Settings{{"gic", each.gic}});
        CHECK(target.create(v2, true).value == (each.v2 ? 0 : -ENODEV));
        CHECK(target.create(v3, true).value == (each.v3 ? 0 : -ENODEV));
        CHECK(target.create(its, true).value == (each.v3 ? 0 : -ENODEV));
        CHECK_FALSE(target.create(v2, true).opens);
        CHECK(static_cast<bool>(target.create(v2).opens) == each.v2);
        CHECK(target.create(6).value == -ENODEV);
        CHECK(target.create(~0U).value == -ENODEV);
    }
}

TEST_CASE("a VM has one GIC") {
    Arm64Target target;
    CHECK(opened(target.create(v2))->name() == "gic v2");
    CHECK(target.create(v2).value == -EEXIST);
    CHECK(target.create(v3).value == -EEXIST);
    CHECK(target.create(v3, true).value == 0);
    Arm64Target old;
    CHECK(old.call(old.vm, 0xae60).value == 0);  // KVM_CREATE_IRQCHIP
    CHECK(old.create(v2).value == -EEXIST);
}

TEST_CASE("a GICv2, as QEMU 7.2 sets it up for two vCPUs") {
    Arm64Target target;
    const auto first = target.vcpu(0, feature::pmu_v3), second = target.vcpu(1, feature::pmu_v3);
    const auto gic = opened(target.create(v2));
    CHECK(target.has(gic, vgic_group::nr_irqs, 0) == 0);
    CHECK(target.set(gic, vgic_group::nr_irqs, 0, std::uint32_t{288}) == 0);
    CHECK(target.has(gic, vgic_group::control, vgic_control::init) == 0);
    CHECK(init(target, gic) == 0);
    for (const auto& vcpu : {first, second}) {
        CHECK(target.has(vcpu, vcpu_group::pmu_v3, pmu_attribute::irq) == 0);
        CHECK(set_pmu_irq(target, vcpu) == 0);
        CHECK(target.has(vcpu, vcpu_group::pmu_v3, pmu_attribute::init) == 0);
        CHECK(init_pmu(target, vcpu) == 0);
    }
    CHECK(target.set(gic, vgic_group::address, vgic_address::v2_distributor, std::uint64_t{0x08000000}) == 0);
    CHECK(target.set(gic, vgic_group::address, vgic_address::v2_cpu_interface, std::uint64_t{0x08010000}) ==
          0);
    // How QEMU finds out whether KVM agrees with it: 288 lines, 2 vCPUs.
    CHECK(target.get_attribute<std::uint32_t>(gic, vgic_group::distributor, 4) == ((288 / 32 - 1) | 1 << 5));
    CHECK(target.set(gic, vgic_group::distributor, 0x100, std::uint32_t{0xffff}) == 0);
    CHECK(target.get_attribute<std::uint32_t>(gic, vgic_group::distributor, 0x100) == 0xffff);
    const std::uint64_t of_second = 1ULL << 32;
    CHECK(target.set(gic, vgic_group::cpu_interface, of_second | 4, std::uint32_t{0xf0}) == 0);
    CHECK(target.get_attribute<std::uint32_t>(gic, vgic_group::cpu_interface, of_second | 4) == 0xf0);
    CHECK(target.get_attribute<std::uint32_t>(gic, vgic_group::cpu_interface, 4) == 0);
    CHECK(target.irq_line(spi, 0, 33) == 0);
    CHECK(target.irq_line(ppi, 1, 23) == 0);
    CHECK(target.call(first, request::run).waits);
}

TEST_CASE("a GICv3 with an ITS, as QEMU 7.2 sets it up for two vCPUs") {
    Arm64Target target;
    const auto first = target.vcpu(0);
    target.vcpu(1);
    const auto gic = opened(target.create(v3));
    CHECK(target.has(gic, vgic_group::redistributor, 0) == 0);
    CHECK(target.set(gic, vgic_group::nr_irqs, 0, std::uint32_t{288}) == 0);
    CHECK(target.set(gic, vgic_group::system_registers, 0xc664, std::uint64_t{0}) == -EBUSY);
    CHECK(init(target, gic) == 0);
    CHECK(target.set(gic, vgic_group::address, vgic_address::v3_distributor, std::uint64_t{0x08000000}) == 0);
    CHECK(target.has(gic, vgic_group::address, vgic_address::v3_redistributor_region) == 0);
    const std::uint64_t region = 0x080a0000 | 123ULL << 52;
    CHECK(target.set(gic, vgic_group::address, vgic_address::v3_redistributor_region, region) == 0);
    CHECK(target.set(gic, vgic_group::address, vgic_address::v3_redistributor_region, region | 1) == 0);
    CHECK(target.set(gic, vgic_group::address, vgic_address::v3_redistributor_region, region) == -EEXIST);

    const auto translation = opened(target.create(its));
    CHECK(translation->name() == "its");
    CHECK(target.act(translation, vgic_group::control, vgic_control::init) == 0);
    CHECK(target.get_attribute<std::uint64_t>(translation, vgic_group::its_registers, 0) == -ENXIO);
    CHECK(target.set(translation, vgic_group::address, vgic_address::its, std::uint64_t{0x08080000}) == 0);
    CHECK(target.has(translation, vgic_group::control, vgic_control::its_reset) == 0);
    CHECK(target.act(translation, vgic_group::control, vgic_control::its_reset) == 0);
    CHECK(target.set(translation, vgic_group::its_registers, 0x80, std::uint64_t{5}) == 0);
    CHECK(target.get_attribute<std::uint64_t>(translation, vgic_group::its_registers, 0x80) == 5);

    const std::uint64_t of_second = 1ULL << 32;
    CHECK(target.get_attribute<std::uint64_t>(gic, vgic_group::system_registers, of_second | 0xc664) ==
          0x400);
    CHECK(target.set(gic, vgic_group::redistributor, of_second | 0x10080, std::uint32_t{1}) == 0);
    CHECK(target.get_attribute<std::uint32_t>(gic, vgic_group::redistributor, of_second | 0x10080) == 1);
    CHECK(target.get_attribute<std::uint32_t>(gic, vgic_group::redistributor, of_second | 0xc) ==
          1);  // affinity
    CHECK(target.get_attribute<std::uint32_t>(gic, vgic_group::redistributor, of_second | 8) ==
          (1 << 8 | 1 << 4 | 1));
    CHECK(target.set(gic, vgic_group::level_info, 32, std::uint32_t{0}) == 0);
    CHECK(target.act(gic, vgic_group::control, vgic_control::save_pending_tables) == 0);
    CHECK(target.pass(target.vm, request::signal_msi, Msi{.flags = Msi::valid_devid}).value == 1);
    CHECK(target.call(first, request::run).waits);
}

TEST_CASE("attributes of another GIC, of no GIC and of vCPUs that are not there") {
    Arm64Target target;
    target.vcpu(0);
    const auto gic = opened(target.create(v2));
    CHECK(target.has(gic, vgic_group::redistributor, 0) == -ENXIO);
    CHECK(target.has(gic, vgic_group::address, vgic_address::v3_distributor) == -ENXIO);
    CHECK(target.has(gic, vgic_group::address, ~0ULL) == -ENXIO);
    CHECK(target.has(gic, vgic_group::control, vgic_control::its_reset) == -ENXIO);
    CHECK(target.has(gic, 99, 0) == -ENXIO);
    CHECK(target.has(gic, vgic_group::distributor, 0x1000) == -ENXIO);
    CHECK(target.has(gic, vgic_group::distributor, 2) == -ENXIO);
    CHECK(target.set(gic, vgic_group::cpu_interface, 1ULL << 32, std::uint32_t{0}) == -EINVAL);
    CHECK(target.get_attribute<std::uint32_t>(gic, vgic_group::control, vgic_control::init) == -ENXIO);

    Arm64Target other;
    other.vcpu(0);
    const auto gic3 = opened(other.create(v3));
    CHECK(init(other, gic3) == 0);
    CHECK(other.set(gic3, vgic_group::redistributor, 1ULL << 32, std::uint32_t{0}) == -EINVAL);
}

TEST_CASE("a GIC's interrupts are counted, and its addresses set, once") {
    Arm64Target target;
    const auto gic = opened(target.create(v2));
    CHECK(target.get_attribute<std::uint32_t>(gic, vgic_group::nr_irqs, 0) == 256);
    for (const std::uint32_t wrong : {0U, 32U, 65U, 1056U, ~0U})
        CHECK(target.set(gic, vgic_group::nr_irqs, 0, wrong) == -EINVAL);
    CHECK(target.set(gic, vgic_group::nr_irqs, 0, std::uint32_t{96}) == 0);
    CHECK(target.set(gic, vgic_group::nr_irqs, 0, std::uint32_t{96}) == -EBUSY);

    const auto place = [&](std::uint64_t address) {
        return target.set(gic, vgic_group::address, vgic_address::v2_distributor, address);
    };
    CHECK(target.get_attribute<std::uint64_t>(gic, vgic_group::address, vgic_address::v2_distributor) == -1);
    CHECK(place(0x08000800) == -EINVAL);
    CHECK(place(1ULL << 44) == -E2BIG);
    CHECK(place(0x08000000) == 0);
    CHECK(place(0x08000000) == -EEXIST);
    CHECK(target.get_attribute<std::uint64_t>(gic, vgic_group::address, vgic_address::v2_distributor) ==
          0x08000000);
}

TEST_CASE("a GICv2 has 8 vCPUs at most, and none more once it is initialised") {
    Arm64Target target;
    for (std::uint64_t id = 0; id < 9; ++id) target.vcpu(id);
    CHECK(target.create(v2).value == -E2BIG);
    const auto gic = opened(target.create(v3));
    CHECK(target.vcpu(9));
    CHECK(init(target, gic) == 0);
    CHECK(target.call(target.vm, request::create_vcpu, 10).value == -EBUSY);
}

TEST_CASE("interrupt lines: a VM without a GIC has its vCPUs' own, one with a GIC the others") {
    Arm64Target target;
    target.vcpu(0);
    CHECK(target.irq_line(cpu_line, 0, 0) == 0);
    CHECK(target.irq_line(cpu_line, 0, 2) == -EINVAL);
    CHECK(target.irq_line(cpu_line, 1, 0) == -EINVAL);
    CHECK(target.irq_line(spi, 0, 33) == -ENXIO);
    CHECK(target.irq_line(ppi, 0, 23) == -ENXIO);
    const auto gic = opened(target.create(v3));
    CHECK(target.irq_line(spi, 0, 33) == -EBUSY);  // a GICv2 would initialise itself
    CHECK(init(target, gic) == 0);
    CHECK(target.irq_line(cpu_line, 0, 0) == -ENXIO);
    CHECK(target.irq_line(spi, 0, 33) == 0);
    CHECK(target.irq_line(spi, 0, 31) == -EINVAL);
    CHECK(target.irq_line(spi, 0, 256) == -EINVAL);
    CHECK(target.irq_line(ppi, 1, 23) == -EINVAL);
    CHECK(target.irq_line(ppi, 0, 32) == -EINVAL);
    CHECK(target.irq_line(3, 0, 0) == -EINVAL);
}

TEST_CASE("interrupt lines fail as the settings say, after as many calls") {
    Arm64Target target(Settings{{"irq_line", "ENXIO"}, {"irq_line_after", "1"}});
    opened(target.create(v2));
    CHECK(target.irq_line(spi, 0, 33) == 0);
    CHECK(target.irq_line(spi, 0, 33) == -ENXIO);
}

TEST_CASE("an irqfd needs a GIC that is initialised") {
    Arm64Target target;
    const auto assign = [&] {
        return target.pass(target.vm, request::irqfd, Irqfd{.fd = 4, .gsi = 1}).value;
    };
    CHECK(assign() == -EAGAIN);
    const auto gic = opened(target.create(v2));
    CHECK(assign() == -EAGAIN);
    CHECK(init(target, gic) == 0);
    CHECK(assign() == 0);
    CHECK(target.pass(target.vm, request::irqfd, Irqfd{.fd = 4, .gsi = 1, .flags = Irqfd::deassign}).value ==
          0);
    CHECK(target.pass(target.vm, request::irqfd, Irqfd{.fd = ~0U}).value == -EBADF);
    CHECK(target.pass(target.vm, request::irqfd, Irqfd{.flags = 4}).value == -EINVAL);
}

TEST_CASE("the field's GICv2 that is hollow: it is made, and then nothing that needs it works") {
    Arm64Target target(Settings{{"gic", "v2-hollow"}});
    const auto vcpu = target.vcpu(0, feature::pmu_v3);
    const auto gic = opened(target.create(v2));
    CHECK(init(target, gic) == 0);
    CHECK(target.has(vcpu, vcpu_group::pmu_v3, pmu_attribute::irq) == 0);
    CHECK(set_pmu_irq(target, vcpu) == -EINVAL);
    CHECK(target.irq_line(spi, 0, 33) == -ENXIO);

    Arm64Target around(Settings{{"gic", "v2-hollow"}});
    const auto works = around.vcpu(0, feature::pmu_v3);
    CHECK(init(around, opened(around.create(v3))) == 0);
    CHECK(set_pmu_irq(around, works) == 0);
    CHECK(init_pmu(around, works) == 0);
    CHECK(around.irq_line(spi, 0, 33) == 0);
}

TEST_CASE("the PMU wants an interrupt and a GIC that is initialised, in that order, once") {
    Arm64Target target;
    const auto vcpu = target.vcpu(0, feature::pmu_v3);
    CHECK(set_pmu_irq(target, vcpu) == -EINVAL);  // no GIC
    const auto gic = opened(target.create(v3));
    CHECK(init_pmu(target, vcpu) == -ENODEV);
    CHECK(init(target, gic) == 0);
    CHECK(init_pmu(target, vcpu) == -ENXIO);
    CHECK(target.call(vcpu, request::run).value == -EINVAL);
    for (const std::uint32_t wrong : {15U, 1020U, ~0U}) CHECK(set_pmu_irq(target, vcpu, wrong) == -EINVAL);
    CHECK(target.get_attribute<std::uint32_t>(vcpu, vcpu_group::pmu_v3, pmu_attribute::irq) == -ENXIO);
    CHECK(set_pmu_irq(target, vcpu) == 0);
    CHECK(set_pmu_irq(target, vcpu) == -EBUSY);
    CHECK(target.get_attribute<std::uint32_t>(vcpu, vcpu_group::pmu_v3, pmu_attribute::irq) == 23);
    CHECK(init_pmu(target, vcpu) == 0);
    CHECK(init_pmu(target, vcpu) == -EBUSY);
}

TEST_CASE("a vCPU without a PMU has no attributes of one") {
    Arm64Target target;
    const auto vcpu = target.vcpu(0);
    CHECK(target.has(vcpu, vcpu_group::pmu_v3, pmu_attribute::irq) == -ENXIO);
    CHECK(set_pmu_irq(target, vcpu) == -ENODEV);
    CHECK(init_pmu(target, vcpu) == -ENODEV);
}

TEST_CASE("the PMU fails as the settings say") {
    Arm64Target irq(Settings{{"pmu_irq", "EINVAL"}});
    CHECK(set_pmu_irq(irq, irq.vcpu(0, feature::pmu_v3)) == -EINVAL);

    Arm64Target last(Settings{{"pmu_init", "ENODEV"}});
    const auto vcpu = last.vcpu(0, feature::pmu_v3);
    CHECK(init(last, opened(last.create(v2))) == 0);
    CHECK(set_pmu_irq(last, vcpu) == 0);
    CHECK(init_pmu(last, vcpu) == -ENODEV);
}

TEST_CASE("the timers' interrupts can be asked and, with a GIC, chosen") {
    Arm64Target target;
    const auto vcpu = target.vcpu(0);
    CHECK(target.has(vcpu, vcpu_group::timer, timer_attribute::physical_irq) == 0);
    CHECK(target.has(vcpu, vcpu_group::timer, 2) == -ENXIO);
    CHECK(target.get_attribute<std::uint32_t>(vcpu, vcpu_group::timer, timer_attribute::virtual_irq) == 27);
    CHECK(target.set(vcpu, vcpu_group::timer, timer_attribute::virtual_irq, 20U) == -EINVAL);
    opened(target.create(v2));
    CHECK(target.set(vcpu, vcpu_group::timer, timer_attribute::virtual_irq, 20U) == 0);
    CHECK(target.set(vcpu, vcpu_group::timer, timer_attribute::virtual_irq, 40U) == -EINVAL);
    CHECK(target.get_attribute<std::uint32_t>(vcpu, vcpu_group::timer, timer_attribute::virtual_irq) == 20);
}

TEST_CASE("a device that is set up for ever is told that there is no more room") {
    Arm64Target target;
    for (std::uint64_t id = 0; id < 512; ++id) {
        target.memory.reuse();
        target.vcpu(id);
    }
    const auto gic = opened(target.create(v3));
    REQUIRE(init(target, gic) == 0);
    std::int64_t last = 0;
    for (std::uint64_t at = 0; at < 512ULL * 0x8000 && last == 0; ++at) {
        target.memory.reuse();
        const std::uint64_t id = at / 0x8000;
        const std::uint64_t affinity = (id & 0xf) | (id >> 4) << 8;
        last = target.set(gic, vgic_group::redistributor, affinity << 32 | at % 0x8000 * 4, std::uint32_t{1});
    }
    CHECK(last == -ENOMEM);
}
