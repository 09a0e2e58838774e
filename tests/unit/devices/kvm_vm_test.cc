// What both architectures' VMs have.
#include <cerrno>

#include "catch.h"
#include "devices/kvm/requests.h"
#include "devices/kvm/structures.h"
#include "target.h"

using namespace rehang::fakes;
using namespace rehang::fakes::kvm;
using namespace rehang::fakes::test;

namespace {

struct WithVm : Target {
    explicit WithVm(std::string_view model, const Settings& settings = {})
        : Target(model, settings), vm(call(kvm, request::create_vm).opens) {
        // Interrupt lines need a controller.
        if (model == "kvm-x86") call(vm, request::x86::create_irqchip);
    }
    int set_slot(const MemoryRegion& region) {
        return static_cast<int>(-pass(vm, request::set_user_memory_region, region).value);
    }
    int ioeventfd(const Ioeventfd& asked) {
        return static_cast<int>(-pass(vm, request::ioeventfd, asked).value);
    }

    std::shared_ptr<File> vm;
};

constexpr MemoryRegion one_page = {
    .slot = 3, .guest_address = 0x1000, .size = 0x1000, .userspace_address = 0x7000};
constexpr Ioeventfd four_bytes = {.address = 0x100, .length = 4, .fd = 5};

}  // namespace

TEST_CASE("the API's version is 12, as it has been since there is one") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    Target target(model);
    CHECK(target.call(target.kvm, request::get_api_version).value == 12);
    CHECK(target.call(target.kvm, request::get_api_version, 1).value == -EINVAL);
}

TEST_CASE("a capability that KVM has no longer, not yet, or never had, is 0") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model);
    for (const std::uint64_t number : {5ULL, 9999ULL, ~0ULL}) {
        CHECK(target.call(target.kvm, request::check_extension, number).value == 0);
        CHECK(target.call(target.vm, request::check_extension, number).value == 0);
    }
    const Answer known = target.call(target.kvm, request::check_extension, 136);
    CHECK(known.value == 1);
    CHECK(known.detail == "KVM_CAP_IMMEDIATE_EXIT");
}

TEST_CASE("what the model does not know is ENOTTY, and told as unknown") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model);
    const auto vcpu = target.call(target.vm, request::create_vcpu).opens;
    for (const auto& file : {target.kvm, target.vm, vcpu}) {
        for (const std::uint32_t number : {0xaeffU, 0x5401U, 0U}) {
            const Answer answer = target.call(file, number);
            CHECK(answer.value == -ENOTTY);
            CHECK(answer.unknown);
        }
    }
    // Of another kind of file.
    CHECK(target.call(target.vm, request::get_api_version).unknown);
    CHECK(target.call(target.kvm, request::run).unknown);
    CHECK(target.call(vcpu, request::create_vcpu).unknown);
}

TEST_CASE(
    "statistics are not there, as in a kernel from before them: who asks gets ENOTTY, and that is not told") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model);
    const auto vcpu = target.call(target.vm, request::create_vcpu, 0).opens;
    REQUIRE(vcpu);
    for (const auto& file : {target.vm, vcpu}) {
        const Answer answer = target.call(file, request::get_stats_fd);
        CHECK(answer.value == -ENOTTY);
        CHECK_FALSE(answer.unknown);
    }
}

TEST_CASE("opening and creating a VM fail as the settings say") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    const auto device = make_device(model, {{"open", "EACCES"}});
    const Answer refused = device->open(2);
    CHECK(refused.value == -EACCES);
    CHECK_FALSE(refused.opens);

    Target target(model, {{"create_vm", "ENOMEM"}});
    CHECK(target.call(target.kvm, request::create_vm).value == -ENOMEM);
}

TEST_CASE("a VM has as many vCPUs as the settings say, each id once") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model, {{"vcpus_max", "2"}});
    CHECK(target.call(target.kvm, request::check_extension, 66).value == 2);  // KVM_CAP_MAX_VCPUS
    CHECK(target.call(target.kvm, request::check_extension, 9).value == 2);   // KVM_CAP_NR_VCPUS
    CHECK(target.call(target.vm, request::create_vcpu, 1).opens->name() == "vcpu 1");
    CHECK(target.call(target.vm, request::create_vcpu, 1).value == -EEXIST);
    CHECK(target.call(target.vm, request::create_vcpu, 2).value == -EINVAL);
    CHECK(target.call(target.vm, request::create_vcpu, 0x100000000).value == -EINVAL);
    CHECK(target.call(target.vm, request::create_vcpu, 0).opens);
}

TEST_CASE("vCPUs of one VM are not those of another, and live on when the VM's file is closed") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model);
    const auto vcpu = target.call(target.vm, request::create_vcpu, 0).opens;
    target.vm = target.call(target.kvm, request::create_vm).opens;
    CHECK(target.call(target.vm, request::create_vcpu, 0).opens);
    CHECK(target.get<std::uint32_t>(vcpu, request::get_mp_state) == 0);
}

TEST_CASE("memory slots are made, moved and deleted as KVM allows it") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model);
    MemoryRegion region = one_page;
    CHECK(target.set_slot(region) == 0);
    region.guest_address = 0x9000;
    CHECK(target.set_slot(region) == 0);
    region.flags = MemoryRegion::log_dirty_pages;
    CHECK(target.set_slot(region) == 0);

    region.flags = MemoryRegion::read_only;
    CHECK(target.set_slot(region) == EINVAL);
    region.flags = 0;
    region.size = 0x2000;
    CHECK(target.set_slot(region) == EINVAL);
    region.size = 0;
    CHECK(target.set_slot(region) == 0);
    CHECK(target.set_slot(region) == EINVAL);  // it is gone
}

TEST_CASE("a memory slot must not lie over another, unaligned, or outside of what there is") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model);
    REQUIRE(target.set_slot(one_page) == 0);
    MemoryRegion region = one_page;
    region.slot = 4;
    CHECK(target.set_slot(region) == EEXIST);
    region.guest_address = 0x2000;
    CHECK(target.set_slot(region) == 0);
    region.guest_address = 0x1000;
    CHECK(target.set_slot(region) == EEXIST);  // moved onto the first

    const auto refuses = [&](auto change) {
        MemoryRegion wrong = one_page;
        wrong.slot = 5;
        wrong.guest_address = 0x100000;
        change(wrong);
        CHECK(target.set_slot(wrong) == EINVAL);
    };
    refuses([](MemoryRegion& wrong) { wrong.size = 0x1001; });
    refuses([](MemoryRegion& wrong) { wrong.guest_address += 8; });
    refuses([](MemoryRegion& wrong) { wrong.userspace_address += 8; });
    refuses([](MemoryRegion& wrong) { wrong.flags = 4; });
    refuses([](MemoryRegion& wrong) { wrong.slot = 0x10005; });  // a second address space
    refuses([](MemoryRegion& wrong) { wrong.slot = 32767; });
    refuses([](MemoryRegion& wrong) { wrong.guest_address = ~0ULL - 0xfff; });
    refuses([](MemoryRegion& wrong) { wrong.size = 1ULL << 44; });
}

TEST_CASE("a slot may be moved over what it was, not over its neighbours") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model);
    const auto place = [&](std::uint32_t slot, std::uint64_t page, std::uint64_t pages) {
        return target.set_slot({.slot = slot,
                                .guest_address = page * page_size,
                                .size = pages * page_size,
                                .userspace_address = 0x10000});
    };
    REQUIRE(place(1, 10, 4) == 0);
    REQUIRE(place(2, 20, 4) == 0);
    CHECK(place(1, 12, 4) == 0);
    CHECK(place(1, 16, 4) == 0);
    CHECK(place(1, 17, 4) == EEXIST);
    CHECK(place(1, 24, 4) == 0);
    CHECK(place(2, 19, 4) == 0);
    CHECK(place(3, 0, 30) == EEXIST);
    CHECK(place(3, 20, 1) == EEXIST);
    CHECK(place(3, 23, 1) == 0);
    CHECK(place(4, 28, 1) == 0);
    CHECK(place(1, 22, 4) == EEXIST);
}

TEST_CASE("the dirty log says that no page is dirty, of a slot that has one") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model);
    MemoryRegion region = one_page;
    region.size = 65 * page_size;
    region.flags = MemoryRegion::log_dirty_pages;
    REQUIRE(target.set_slot(region) == 0);

    const std::uint64_t bitmap = target.memory.put(std::array<std::uint64_t, 3>{~0ULL, ~0ULL, ~0ULL});
    CHECK(target.pass(target.vm, request::get_dirty_log, DirtyLog{.slot = 3, .bitmap = bitmap}).value == 0);
    CHECK(target.memory.at<std::array<std::uint64_t, 3>>(bitmap) ==
          std::array<std::uint64_t, 3>{0, 0, ~0ULL});

    const auto get = [&](DirtyLog log) { return -target.pass(target.vm, request::get_dirty_log, log).value; };
    CHECK(get({.slot = 3, .bitmap = TargetMemory::wild}) == EFAULT);
    CHECK(get({.slot = 4, .bitmap = bitmap}) == ENOENT);
    CHECK(get({.slot = ~0U, .bitmap = bitmap}) == EINVAL);
    const auto clear = [&](ClearDirtyLog log) {
        return -target.pass(target.vm, request::clear_dirty_log, log).value;
    };
    CHECK(clear({.slot = 3, .pages = 64, .first_page = 0}) == 0);
    CHECK(clear({.slot = 3, .pages = 1, .first_page = 64}) == 0);
    CHECK(clear({.slot = 3, .pages = 63, .first_page = 0}) == EINVAL);
    CHECK(clear({.slot = 3, .pages = 2, .first_page = 64}) == EINVAL);
    CHECK(clear({.slot = 3, .pages = 1, .first_page = 1}) == EINVAL);
    CHECK(clear({.slot = 4}) == ENOENT);
}

TEST_CASE("ioeventfds are assigned once and deassigned once") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    WithVm target(model);
    CHECK(target.ioeventfd(four_bytes) == 0);
    CHECK(target.ioeventfd(four_bytes) == EEXIST);
    Ioeventfd other = four_bytes;
    other.length = 2;
    CHECK(target.ioeventfd(other) == 0);  // another width is another write
    other.length = 0;
    CHECK(target.ioeventfd(other) == EEXIST);  // any width
    other = four_bytes;
    other.flags = Ioeventfd::pio;
    CHECK(target.ioeventfd(other) == 0);

    Ioeventfd gone = four_bytes;
    gone.flags = Ioeventfd::deassign;
    CHECK(target.ioeventfd(gone) == 0);
    CHECK(target.ioeventfd(gone) == ENOENT);
}

TEST_CASE("ioeventfds at one place are told apart by the data that they wait for") {
    WithVm target("kvm-x86");
    Ioeventfd one = four_bytes;
    one.flags = Ioeventfd::datamatch;
    one.data = 1;
    CHECK(target.ioeventfd(one) == 0);
    one.data = 2;
    CHECK(target.ioeventfd(one) == 0);
    CHECK(target.ioeventfd(one) == EEXIST);
    CHECK(target.ioeventfd(four_bytes) == EEXIST);
}

TEST_CASE("ioeventfds that make no sense are refused") {
    WithVm target("kvm-x86");
    const auto refuses = [&](int errno_value, auto change) {
        Ioeventfd wrong = four_bytes;
        change(wrong);
        CHECK(target.ioeventfd(wrong) == errno_value);
    };
    refuses(EINVAL, [](Ioeventfd& wrong) { wrong.length = 3; });
    refuses(EINVAL, [](Ioeventfd& wrong) { wrong.flags = 0x20; });
    refuses(EINVAL, [](Ioeventfd& wrong) { wrong.address = ~0ULL; });
    refuses(EBADF, [](Ioeventfd& wrong) { wrong.fd = -1; });
    refuses(EINVAL, [](Ioeventfd& wrong) {
        wrong.length = 0;
        wrong.flags = Ioeventfd::datamatch;
    });
}

TEST_CASE("coalesced zones come and go") {
    WithVm target("kvm-x86");
    const CoalescedZone zone{.address = 0x1000, .size = 0x10};
    CHECK(target.pass(target.vm, request::register_coalesced_mmio, zone).value == 0);
    CHECK(target.pass(target.vm, request::unregister_coalesced_mmio, zone).value == 0);
    CHECK(target.pass(target.vm, request::unregister_coalesced_mmio, zone).value == 0);
    CHECK(target.pass(target.vm, request::register_coalesced_mmio, CoalescedZone{.pio = 2}).value == -EINVAL);
}

TEST_CASE("a bus has room for a thousand, and again when one has gone") {
    WithVm target("kvm-x86");
    Ioeventfd asked = four_bytes;
    int made = 0;
    while (target.ioeventfd(asked) == 0) {
        target.memory.reuse();
        asked.address += 8;
        ++made;
    }
    CHECK(made == 1000);
    CHECK(target.ioeventfd(asked) == ENOSPC);
    Ioeventfd gone = four_bytes;
    gone.flags = Ioeventfd::deassign;
    CHECK(target.ioeventfd(gone) == 0);
    CHECK(target.ioeventfd(asked) == 0);
}

TEST_CASE("interrupt routes are looked at") {
    WithVm target("kvm-x86");
    struct {
        IrqRouting header;
        std::array<IrqRoutingEntry, 2> entries;
    } table{.header = {.count = 2}, .entries = {{{.gsi = 1, .type = 1}, {.gsi = 24, .type = 2}}}};
    CHECK(target.pass(target.vm, request::set_gsi_routing, table).value == 0);
    table.entries[1].gsi = 4096;
    CHECK(target.pass(target.vm, request::set_gsi_routing, table).value == -EINVAL);
    table.entries[1] = {.gsi = 24, .type = 1, .flags = 1};
    CHECK(target.pass(target.vm, request::set_gsi_routing, table).value == -EINVAL);
    table.entries[1] = table.entries[0];  // the same interrupt to the same controller
    CHECK(target.pass(target.vm, request::set_gsi_routing, table).value == -EINVAL);
    table.entries[1].where[0] = 1;
    CHECK(target.pass(target.vm, request::set_gsi_routing, table).value == 0);
    table.entries[1] = {.type = 9};
    CHECK(target.pass(target.vm, request::set_gsi_routing, table).value == -EINVAL);
    CHECK(target.pass(target.vm, request::set_gsi_routing, IrqRouting{.count = 4097}).value == -EINVAL);
    CHECK(target.pass(target.vm, request::set_gsi_routing, IrqRouting{.flags = 1}).value == -EINVAL);
}

TEST_CASE("a descriptor that is written into a structure is not made when it cannot be written") {
    WithVm target("kvm-arm64");
    const std::uint64_t argument = target.memory.put(CreateDevice{.type = 5});
    target.memory.make_read_only();
    const Answer refused = target.call(target.vm, request::create_device, argument);
    CHECK(refused.value == -EFAULT);
    CHECK_FALSE(refused.opens);
}

TEST_CASE("a target that opens and creates for ever is told that there is no more") {
    const char* model = GENERATE("kvm-x86", "kvm-arm64");
    Target target(model);
    std::vector<std::shared_ptr<File>> kept;
    Answer answer;
    while ((answer = target.call(target.kvm, request::create_vm)).opens) kept.push_back(answer.opens);
    CHECK(answer.value == -ENOMEM);
    CHECK(kept.size() == 4095);
    CHECK(target.device->open(0).value == -ENFILE);
    CHECK(target.call(kept.front(), request::create_vcpu, 0).value == -ENOMEM);
    kept.pop_back();  // closed
    CHECK(target.call(kept.front(), request::create_vcpu, 0).opens);
}

TEST_CASE("a target that makes memory slots for ever is told that there is no more") {
    Target target("kvm-arm64");
    std::vector<std::shared_ptr<File>> vms;
    std::size_t made = 0;
    std::int64_t last = 0;
    while (last == 0) {
        vms.push_back(target.call(target.kvm, request::create_vm).opens);
        for (std::uint32_t slot = 0; slot < 32767 && last == 0; ++slot, ++made) {
            target.memory.reuse();
            MemoryRegion region = one_page;
            region.slot = slot;
            region.guest_address = slot * page_size;
            last = target.pass(vms.back(), request::set_user_memory_region, region).value;
        }
    }
    CHECK(last == -ENOMEM);
    CHECK(made == 65536 + 1);
}
