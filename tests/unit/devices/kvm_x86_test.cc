#include <cerrno>
#include <set>

#include "catch.h"
#include "devices/kvm/requests.h"
#include "devices/kvm/structures.h"
#include "devices/kvm/x86/structures.h"
#include "target.h"

using namespace rehang::fakes;
using namespace rehang::fakes::kvm;
using namespace rehang::fakes::kvm::x86;
using namespace rehang::fakes::test;
namespace request = rehang::fakes::kvm::request;

namespace {

struct X86Target : Target {
    explicit X86Target(const Settings& settings = {})
        : Target("kvm-x86", settings), vm(call(Target::kvm, request::create_vm).opens) {}

    std::shared_ptr<File> vcpu(std::uint64_t id) { return call(vm, request::create_vcpu, id).opens; }
    std::int64_t enable(std::uint32_t cap, std::uint64_t argument = 0) {
        return pass(vm, request::enable_cap, EnableCap{.cap = cap, .args = {argument}}).value;
    }
    // MSRs, by one call.
    std::int64_t set_msrs(const std::shared_ptr<File>& file, const std::vector<MsrEntry>& entries) {
        return call(file, request::x86::set_msrs, put_msrs(entries)).value;
    }
    std::uint64_t put_msrs(const std::vector<MsrEntry>& entries) {
        const std::uint64_t address =
            memory.put(MsrsHeader{.count = static_cast<std::uint32_t>(entries.size())});
        for (const MsrEntry& entry : entries) memory.put(entry);
        return address;
    }

    std::shared_ptr<File> vm;
};

}  // namespace

TEST_CASE("a VM has type 0 on x86") {
    Target target("kvm-x86");
    CHECK(target.call(target.kvm, request::create_vm, 1).value == -EINVAL);
}

TEST_CASE("QEMU's way to a probe launch: as its version 7.2 makes it") {
    X86Target target;
    const auto check = [&](std::uint64_t cap) {
        return target.call(target.kvm, request::check_extension, cap).value;
    };
    for (const std::uint64_t needed : {3, 4, 7, 9, 10, 14, 21, 30, 55, 56, 136}) CHECK(check(needed) > 0);
    CHECK(target.enable(168, 1) == 0);
    CHECK(target.enable(164, 1) == 0);
    CHECK(target.enable(218, 1) == 0);
    CHECK(target.pass(target.vm, request::x86::set_identity_map_addr, std::uint64_t{0xfeffc000}).value == 0);
    CHECK(target.call(target.vm, request::x86::set_tss_addr, 0xfeffd000).value == 0);
    CHECK(target.enable(188, 1) == 0);
    CHECK(target.pass(target.vm, request::x86::set_msr_filter, std::array<std::byte, 0x188>{}).value == 0);
    CHECK(target.call(target.vm, request::x86::create_irqchip).value == 0);
    Ioeventfd probe{.address = 0, .length = 2, .fd = 7, .flags = Ioeventfd::datamatch | Ioeventfd::pio};
    for (int count = 0; count < 7; ++count, ++probe.data)
        CHECK(target.pass(target.vm, request::ioeventfd, probe).value == 0);
    CHECK(target.call(target.vm, request::check_extension, 16).value == 1);
}

TEST_CASE("indices of MSRs are told when there is room, and how much is needed when not") {
    Target target("kvm-x86");
    for (const std::uint32_t number :
         {request::x86::get_msr_index_list, request::x86::get_msr_feature_index_list}) {
        const std::uint64_t list = target.memory.put(std::array<std::uint32_t, 64>{});
        CHECK(target.call(target.kvm, number, list).value == -E2BIG);
        const auto needed = target.memory.at<std::uint32_t>(list);
        CHECK(needed > 0);  // QEMU wants one feature at least
        CHECK(target.call(target.kvm, number, list).value == 0);
        CHECK(target.memory.at<std::uint32_t>(list) == needed);
        CHECK(target.memory.at<std::uint32_t>(list + 4 * needed) != 0);
        CHECK(target.memory.at<std::uint32_t>(list + 4 * needed + 4) == 0);
    }
}

TEST_CASE("every MSR that is listed can be read and set on a vCPU, every feature on /dev/kvm") {
    X86Target target;
    const auto vcpu = target.vcpu(0);
    const auto indices = [&](std::uint32_t number) {
        const std::uint64_t list = target.memory.put(std::array<std::uint32_t, 64>{64});
        REQUIRE(target.call(target.kvm, number, list).value == 0);
        return *copy_in<std::uint32_t>(target.memory, list + 4, target.memory.at<std::uint32_t>(list));
    };
    for (const std::uint32_t index : indices(request::x86::get_msr_index_list)) {
        CAPTURE(index);
        CHECK(target.set_msrs(vcpu, {{.index = index, .data = index + 1}}) == 1);
        const std::uint64_t got = target.put_msrs({{.index = index}});
        CHECK(target.call(vcpu, request::x86::get_msrs, got).value == 1);
        CHECK(target.memory.at<MsrEntry>(got + 8).data == index + 1);
    }
    for (const std::uint32_t index : indices(request::x86::get_msr_feature_index_list)) {
        const std::uint64_t got = target.put_msrs({{.index = index}});
        CHECK(target.call(target.kvm, request::x86::get_msrs, got).value == 1);
        CHECK(target.memory.at<MsrEntry>(got + 8).data != 0);
    }
}

TEST_CASE("MSRs go in order, up to the first that does not exist") {
    X86Target target;
    const auto vcpu = target.vcpu(0);
    const std::vector<MsrEntry> entries = {
        {.index = 0x10, .data = 1}, {.index = 0x4711, .data = 2}, {.index = 0x174, .data = 3}};
    CHECK(target.set_msrs(vcpu, entries) == 1);
    const std::uint64_t got = target.put_msrs({{.index = 0x10}, {.index = 0x174}, {.index = 0x4711}});
    const Answer answer = target.call(vcpu, request::x86::get_msrs, got);
    CHECK(answer.value == 2);
    CHECK(answer.detail == "2 of 3, no MSR 0x4711");
    CHECK(target.memory.at<MsrEntry>(got + 8).data == 1);
    CHECK(target.memory.at<MsrEntry>(got + 24).data == 0);
}

TEST_CASE("MSRs that are commands, that are constant, and those of machine check banks") {
    X86Target target;
    const auto vcpu = target.vcpu(0);
    const auto get = [&](std::uint32_t index) {
        return target.call(vcpu, request::x86::get_msrs, target.put_msrs({{.index = index}})).value;
    };
    const auto set = [&](std::uint32_t index) { return target.set_msrs(vcpu, {{.index = index}}); };
    CHECK(get(0x49) == 0);  // PRED_CMD
    CHECK(set(0x49) == 1);
    CHECK(get(0xfe) == 1);  // MTRRcap
    CHECK(set(0xfe) == 0);
    CHECK(set(0x400 + 4 * 32 - 1) == 1);
    CHECK(target.pass(vcpu, request::x86::setup_mce, std::uint64_t{10}).value == 0);
    CHECK(set(0x400 + 4 * 10 - 1) == 1);
    CHECK(set(0x400 + 4 * 10) == 0);
    CHECK(get(0x400 + 4 * 10) == 0);
    CHECK(target.pass(vcpu, request::x86::set_mce, Mce{.status = Mce::valid, .bank = 9}).value == 0);
    CHECK(target.pass(vcpu, request::x86::set_mce, Mce{.status = Mce::valid, .bank = 10}).value == -EINVAL);
    CHECK(target.pass(vcpu, request::x86::set_mce, Mce{.bank = 9}).value == -EINVAL);
}

TEST_CASE("a filter of MSRs forbids something, of bits that are there") {
    X86Target target;
    const std::uint64_t bits = target.memory.put(std::uint64_t{1});
    const auto filter = [&](std::uint32_t flags, MsrFilter::Range range) {
        MsrFilter asked{.flags = flags};
        asked.ranges[3] = range;
        return target.pass(target.vm, request::x86::set_msr_filter, asked).value;
    };
    CHECK(filter(0, {}) == 0);
    CHECK(filter(MsrFilter::default_deny, {}) == -EINVAL);
    CHECK(filter(2, {}) == -EINVAL);
    CHECK(filter(MsrFilter::default_deny, {.flags = 1, .count = 64, .bitmap = bits}) == 0);
    CHECK(filter(0, {.flags = 4, .count = 64, .bitmap = bits}) == -EINVAL);
    CHECK(filter(0, {.flags = 1, .count = MsrFilter::Range::most + 1, .bitmap = bits}) == -EINVAL);
    CHECK(filter(0, {.flags = 1, .count = 64, .bitmap = TargetMemory::wild}) == -EFAULT);
}

TEST_CASE("messages reach a vCPU, if there is one") {
    X86Target target;
    const auto signal = [&](std::uint32_t flags) {
        return target.pass(target.vm, request::signal_msi, Msi{.flags = flags}).value;
    };
    CHECK(signal(0) == -EINVAL);  // no controller
    target.call(target.vm, request::x86::create_irqchip);
    CHECK(signal(0) == -EPERM);
    target.vcpu(0);
    CHECK(signal(0) == 1);
    CHECK(signal(Msi::valid_devid) == 1);
    CHECK(signal(2) == -EINVAL);
}

TEST_CASE("an irqfd needs a controller, and no descriptor to be taken off needs one") {
    X86Target target;
    const auto irqfd = [&](Irqfd asked) { return target.pass(target.vm, request::irqfd, asked).value; };
    CHECK(irqfd({.fd = 4, .gsi = 1}) == -EINVAL);
    CHECK(irqfd({.fd = 4, .gsi = 1, .flags = Irqfd::deassign}) == 0);
    target.call(target.vm, request::x86::create_irqchip);
    CHECK(irqfd({.fd = 4, .gsi = 1}) == 0);
    CHECK(irqfd({.fd = ~0U, .gsi = 1}) == -EBADF);
}

TEST_CASE("the processor's description fits only as a whole, and says what it is") {
    Target target("kvm-x86");
    const auto ask = [&](std::uint32_t room) {
        target.memory.reuse();
        const std::uint64_t cpuid = target.memory.put(CpuidHeader{.count = room});
        target.memory.room(room * sizeof(CpuidEntry));
        return std::pair(target.call(target.kvm, request::x86::get_supported_cpuid, cpuid).value, cpuid);
    };
    std::uint32_t room = 1;
    while (ask(room).first == -E2BIG) room *= 2;
    const auto [result, cpuid] = ask(room);
    CHECK(result == 0);
    const auto count = target.memory.at<CpuidHeader>(cpuid).count;
    CHECK(count > 10);
    CHECK(count <= room);
    const auto entries = *copy_in<CpuidEntry>(target.memory, cpuid + sizeof(CpuidHeader), count);
    CHECK(entries[0].ebx == 0x756e6547);  // "Genu"
    std::set<std::pair<std::uint32_t, std::uint32_t>> leaves;
    for (const CpuidEntry& entry : entries) CHECK(leaves.emplace(entry.function, entry.index).second);
    CHECK(leaves.contains({0x40000000, 0}));
}

TEST_CASE("the interrupt controllers are made once, before any vCPU, all or only the local ones") {
    X86Target target;
    CHECK(target.call(target.vm, request::x86::create_irqchip).value == 0);
    CHECK(target.call(target.vm, request::x86::create_irqchip).value == -EEXIST);
    CHECK(target.enable(121, 24) == -EEXIST);

    X86Target late;
    late.vcpu(0);
    CHECK(late.call(late.vm, request::x86::create_irqchip).value == -EINVAL);
    CHECK(late.enable(121, 24) == -EINVAL);

    X86Target split;
    CHECK(split.enable(121, 5000) == -EINVAL);
    CHECK(split.enable(121, 24) == 0);
    CHECK(split.call(split.vm, request::x86::create_irqchip).value == -EEXIST);
    CHECK(split.call(split.vm, request::x86::create_pit).value == -ENOENT);
    CHECK(split.pass(split.vm, request::x86::get_irqchip, Irqchip{}).value == -ENXIO);
}

TEST_CASE("the interrupt controllers' state is kept") {
    X86Target target;
    CHECK(target.pass(target.vm, request::x86::set_irqchip, Irqchip{}).value == -ENXIO);
    target.call(target.vm, request::x86::create_irqchip);
    Irqchip chip{.id = 2};
    chip.chip[5] = std::byte{7};
    CHECK(target.pass(target.vm, request::x86::set_irqchip, chip).value == 0);
    CHECK(target.get(target.vm, request::x86::get_irqchip, Irqchip{.id = 2}).chip == chip.chip);
    CHECK(target.get(target.vm, request::x86::get_irqchip, Irqchip{.id = 1}).chip[5] == std::byte{0});
    CHECK(target.pass(target.vm, request::x86::get_irqchip, Irqchip{.id = 3}).value == -EINVAL);
}

TEST_CASE("the timer is made once, and only beside the interrupt controllers") {
    X86Target target;
    CHECK(target.pass(target.vm, request::x86::create_pit2, PitConfig{}).value == -ENOENT);
    CHECK(target.pass(target.vm, request::x86::get_pit2, PitState{}).value == -ENXIO);
    target.call(target.vm, request::x86::create_irqchip);
    CHECK(target.pass(target.vm, request::x86::create_pit2, PitConfig{}).value == 0);
    CHECK(target.pass(target.vm, request::x86::create_pit2, PitConfig{}).value == -EEXIST);
    PitState state{};
    state[9] = std::byte{3};
    CHECK(target.pass(target.vm, request::x86::set_pit2, state).value == 0);
    CHECK(target.get<PitState>(target.vm, request::x86::get_pit2) == state);
}

TEST_CASE("interrupt lines need a controller, tell that they were delivered, and fail as the settings say") {
    X86Target target(Settings{{"irq_line", "ENXIO"}, {"irq_line_after", "2"}});
    const auto raise = [&] {
        return target.pass(target.vm, request::irq_line_status, IrqLevel{.irq = 4}).value;
    };
    CHECK(raise() == -ENXIO);
    target.call(target.vm, request::x86::create_irqchip);
    CHECK(raise() == 0);  // what failed before does not count
    CHECK(target.get(target.vm, request::irq_line_status, IrqLevel{.irq = 4, .level = 1}).irq == 1);
    CHECK(raise() == -ENXIO);
    CHECK(raise() == -ENXIO);
    CHECK(target.pass(target.vm, request::irq_line, IrqLevel{.irq = 4}).value == -ENXIO);
}

TEST_CASE("registers that are set are there, each vCPU's own") {
    X86Target target;
    target.call(target.vm, request::x86::create_irqchip);
    const auto first = target.vcpu(0), second = target.vcpu(1);
    CHECK(target.get<Regs>(first, request::x86::get_regs).rip == 0xfff0);
    Regs regs;
    regs.rip = 0x1234;
    CHECK(target.pass(first, request::x86::set_regs, regs).value == 0);
    CHECK(target.get<Regs>(first, request::x86::get_regs).rip == 0x1234);
    CHECK(target.get<Regs>(second, request::x86::get_regs).rip == 0xfff0);

    const auto keeps = [&]<class T>(T object, std::uint32_t set, std::uint32_t get) {
        const auto bytes = bytes_of(object);
        for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = std::byte(at);
        CHECK(target.pass(first, set, object).value == 0);
        const T kept = target.get<T>(first, get);
        CHECK(std::memcmp(&kept, &object, sizeof(T)) == 0);
    };
    keeps(Fpu{}, request::x86::set_fpu, request::x86::get_fpu);
    keeps(Xsave{}, request::x86::set_xsave, request::x86::get_xsave);
    keeps(Xsave{}, request::x86::set_xsave, request::x86::get_xsave2);
    keeps(Lapic{}, request::x86::set_lapic, request::x86::get_lapic);
}

TEST_CASE("special registers are the same by both calls, and where they are MSRs too") {
    X86Target target;
    const auto vcpu = target.vcpu(0);
    Sregs2 sregs = target.get<Sregs2>(vcpu, request::x86::get_sregs2);
    CHECK(sregs.registers.apic_base == 0xfee00900);
    sregs.registers.cr3 = 0x5000;
    sregs.registers.efer = 0x500;
    CHECK(target.pass(vcpu, request::x86::set_sregs2, sregs).value == 0);
    CHECK(target.get<Sregs>(vcpu, request::x86::get_sregs).registers.cr3 == 0x5000);
    const std::uint64_t got = target.put_msrs({{.index = 0xc0000080}});
    CHECK(target.call(vcpu, request::x86::get_msrs, got).value == 1);
    CHECK(target.memory.at<MsrEntry>(got + 8).data == 0x500);
    CHECK(target.set_msrs(vcpu, {{.index = 0x1b, .data = 0xfee00000}}) == 1);
    CHECK(target.get<Sregs>(vcpu, request::x86::get_sregs).registers.apic_base == 0xfee00000);
    sregs.flags = 2;
    CHECK(target.pass(vcpu, request::x86::set_sregs2, sregs).value == -EINVAL);
}

TEST_CASE("state that does not exist is refused") {
    X86Target target;
    const auto vcpu = target.vcpu(0);
    CHECK(target.pass(vcpu, request::x86::set_xcrs, Xcrs{.count = 17}).value == -EINVAL);
    CHECK(target.pass(vcpu, request::x86::set_xcrs, Xcrs{.flags = 1}).value == -EINVAL);
    DebugRegs debug;
    debug.flags = 1;
    CHECK(target.pass(vcpu, request::x86::set_debugregs, debug).value == -EINVAL);
    CHECK(target.pass(vcpu, request::x86::set_vcpu_events, VcpuEvents{.flags = 0x40}).value == -EINVAL);
    CHECK(target.pass(vcpu, request::x86::set_vcpu_events, VcpuEvents{.flags = VcpuEvents::payload}).value ==
          -EINVAL);
    CHECK(target.enable(164) == 0);
    CHECK(target.pass(vcpu, request::x86::set_vcpu_events, VcpuEvents{.flags = VcpuEvents::payload}).value ==
          0);
    CHECK(target.get<VcpuEvents>(vcpu, request::x86::get_vcpu_events).flags == 0x1d);
    CHECK(target.pass(vcpu, request::enable_cap, EnableCap{.cap = 164}).value == -EINVAL);  // a VM's
    CHECK(target.pass(vcpu, request::x86::setup_mce, std::uint64_t{0}).value == -EINVAL);
    CHECK(target.pass(vcpu, request::x86::setup_mce, std::uint64_t{33}).value == -EINVAL);
    CHECK(target.pass(vcpu, request::x86::setup_mce, std::uint64_t{0x100010a}).value == 0);
    CHECK(target.pass(vcpu, request::x86::interrupt, std::uint32_t{256}).value == -EINVAL);
    // Without a local APIC in KVM, it has no state, and vCPUs are started by their VMM.
    CHECK(target.pass(vcpu, request::x86::get_lapic, Lapic{}).value == -EINVAL);
    CHECK(target.pass(vcpu, request::set_mp_state, MpState::uninitialized).value == -EINVAL);
    CHECK(target.pass(vcpu, request::set_mp_state, MpState::runnable).value == 0);
}

TEST_CASE("only the boot CPU starts by itself") {
    X86Target target;
    target.call(target.vm, request::x86::create_irqchip);
    CHECK(target.get<MpState>(target.vcpu(0), request::get_mp_state) == MpState::runnable);
    CHECK(target.get<MpState>(target.vcpu(1), request::get_mp_state) == MpState::uninitialized);
}

TEST_CASE("a vCPU's processor is what it was given") {
    X86Target target;
    const auto vcpu = target.vcpu(0);
    struct {
        CpuidHeader header{.count = 2};
        std::array<CpuidEntry, 2> entries{{{.function = 1}, {.function = 2}}};
    } cpuid;
    CHECK(target.pass(vcpu, request::x86::set_cpuid2, cpuid).value == 0);
    const std::uint64_t got = target.memory.put(decltype(cpuid){.header = {.count = 1}, .entries = {}});
    CHECK(target.call(vcpu, request::x86::get_cpuid2, got).value == -E2BIG);
    const std::uint64_t enough = target.memory.put(decltype(cpuid){.header = {.count = 2}, .entries = {}});
    CHECK(target.call(vcpu, request::x86::get_cpuid2, enough).value == 0);
    CHECK(target.memory.at<decltype(cpuid)>(enough).entries[1].function == 2);
}

TEST_CASE("time is the same everywhere") {
    X86Target target;
    const auto vcpu = target.vcpu(0);
    CHECK(target.call(vcpu, request::x86::get_tsc_khz).value == 2500000);
    CHECK(target.call(vcpu, request::x86::set_tsc_khz, 1000).value == 0);
    CHECK(target.call(vcpu, request::x86::get_tsc_khz).value == 1000);
    CHECK(target.get<Clock>(target.vm, request::x86::get_clock).clock == 0);
    CHECK(target.pass(target.vm, request::x86::set_clock, Clock{.clock = 42}).value == 0);
    CHECK(target.get<Clock>(target.vm, request::x86::get_clock).clock == 42);
    CHECK(target.pass(target.vm, request::x86::set_clock, Clock{.flags = 4}).value == -EINVAL);
}
