#include "devices/kvm/vm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>

#include "devices/kvm/requests.h"

namespace rehang::fakes::kvm {

namespace {

// KVM_CAP_NR_MEMSLOTS, KVM_CAP_IRQ_ROUTING
constexpr std::uint64_t nr_memslots = 10;
constexpr std::uint32_t most_routes = 4096;

// An interrupt may go to several controllers, once to each, or be one message.
bool is_wellformed(std::span<const IrqRoutingEntry> entries) {
    std::map<std::uint32_t, std::vector<const IrqRoutingEntry*>> by_gsi;
    for (const IrqRoutingEntry& entry : entries) {
        const std::uint32_t flags = entry.type == IrqRoutingEntry::msi ? Msi::valid_devid : 0;
        if (entry.gsi >= most_routes || entry.flags & ~flags) return false;
        auto& others = by_gsi[entry.gsi];
        const bool clashes = std::ranges::any_of(others, [&](const IrqRoutingEntry* other) {
            return entry.type != IrqRoutingEntry::irqchip || other->type != IrqRoutingEntry::irqchip ||
                   entry.where[0] == other->where[0];
        });
        if (clashes) return false;
        others.push_back(&entry);
    }
    return true;
}

}  // namespace

Vm::Vm(HostPtr host, std::unique_ptr<Share> share)
    : host_(std::move(host)),
      share_(std::move(share)),
      slots_(host_->entries, static_cast<std::uint32_t>(host_->capability(nr_memslots))),
      eventfds_(host_->entries) {}

Answer Vm::ioctl(const Ioctl& call, Memory& memory) {
    if (auto own = own_ioctl(call, memory)) return std::move(*own);
    switch (call.request) {
        case request::check_extension:
            return host_->check_extension(call.argument);
        case request::create_vcpu:
            return create_vcpu(call.argument);
        case request::set_user_memory_region:
            return slots_.set(memory, call.argument);
        case request::get_dirty_log:
            return slots_.get_dirty_log(memory, call.argument);
        case request::clear_dirty_log:
            return slots_.clear_dirty_log(memory, call.argument);
        case request::register_coalesced_mmio:
            return eventfds_.register_zone(memory, call.argument);
        case request::unregister_coalesced_mmio:
            return eventfds_.unregister_zone(memory, call.argument);
        case request::ioeventfd:
            return eventfds_.ioeventfd(memory, call.argument);
        case request::irqfd:
            return eventfds_.irqfd(memory, call.argument, irqfd());
        case request::irq_line:
        case request::irq_line_status:
            return irq_line(call, memory);
        case request::set_gsi_routing:
            return set_gsi_routing(memory, call.argument);
        case request::signal_msi:
            return signal_msi(memory, call.argument);
        case request::enable_cap:
            return enable_cap(memory, call.argument);
        case request::create_device:
            return create_device(memory, call.argument);
        case request::get_stats_fd:  // as before Linux 5.14; some ask without KVM_CAP_BINARY_STATS_FD
            return fails(ENOTTY);
        default:
            return unknown_request();
    }
}

Answer Vm::create_vcpu(std::uint64_t id) {
    const std::string detail = fmt::format("id={}", id);
    if (id >= host_->settings.vcpus_max) return fails(EINVAL, detail);
    if (const int refused = may_create_vcpu(id)) return fails(refused, detail);
    const auto number = static_cast<std::uint32_t>(id);
    if (vcpus_.contains(number)) return fails(EEXIST, detail);
    auto share = new_file();
    if (!share) return fails(ENOMEM, detail);
    vcpus_.insert(number);
    return opens(make_vcpu(number, std::move(share)), detail);
}

Answer Vm::enable_cap(const Memory& memory, std::uint64_t argument) {
    const auto cap = copy_in<EnableCap>(memory, argument);
    if (!cap) return fails(EFAULT);
    const Capability* known = find_capability(host_->capabilities, cap->cap);
    const std::string detail =
        known ? fmt::format("KVM_CAP_{}", known->name) : fmt::format("cap={}", cap->cap);
    return result(cap->flags == 0 ? may_enable(*cap) : EINVAL, detail);
}

Answer Vm::irq_line(const Ioctl& call, Memory& memory) {
    const auto line = copy_in<IrqLevel>(memory, call.argument);
    if (!line) return fails(EFAULT);
    const std::string detail = fmt::format("irq={:#x} level={}", line->irq, line->level);
    if (const int refused = irq_line(*line)) return fails(refused, detail);
    const KvmSettings& settings = host_->settings;
    if (settings.irq_line != 0 && irq_line_calls_++ >= settings.irq_line_after)
        return fails(settings.irq_line, detail);
    if (call.request == request::irq_line) return gives(0, detail);
    return copy_out(memory, call.argument, IrqLevel{.irq = 1, .level = line->level}, gives(0, detail));
}

Answer Vm::set_gsi_routing(const Memory& memory, std::uint64_t argument) {
    const auto header = copy_in<IrqRouting>(memory, argument);
    if (!header) return fails(EFAULT);
    const std::string detail = fmt::format("routes={}", header->count);
    if (header->count > most_routes || header->flags != 0) return fails(EINVAL, detail);
    const auto entries = copy_in<IrqRoutingEntry>(memory, argument + sizeof(IrqRouting), header->count);
    if (!entries) return fails(EFAULT, detail);
    return result(is_wellformed(*entries) ? routes(*entries) : EINVAL, detail);
}

Answer Vm::signal_msi(const Memory& memory, std::uint64_t argument) {
    const auto msi = copy_in<Msi>(memory, argument);
    if (!msi) return fails(EFAULT);
    const std::uint64_t address = static_cast<std::uint64_t>(msi->address_high) << 32 | msi->address_low;
    const std::string detail = fmt::format("address={:#x} data={:#x}", address, msi->data);
    const int refused = signal_msi(*msi);
    return refused ? fails(refused, detail) : gives(1, detail);  // delivered to one vCPU
}

Answer Vm::create_device(Memory& memory, std::uint64_t argument) {
    const auto request = copy_in<CreateDevice>(memory, argument);
    if (!request) return fails(EFAULT);
    const bool test = request->flags & CreateDevice::test;
    // The number is written last; that it can be written is found out before anything is made.
    if (!memory.write(argument, bytes_of(*request))) return fails(EFAULT);
    Answer answer = create_device(request->type, test);
    answer.detail = fmt::format("type={}{}{}", request->type, test ? " test" : "",
                                answer.detail.empty() ? "" : " " + answer.detail);
    if (answer.opens) answer.number_at = argument + offsetof(CreateDevice, fd);
    return answer;
}

const MmioWrite* Vm::next_mmio_write() {
    const auto& writes = host_->settings.mmio_writes;
    return mmio_writes_done_ < writes.size() ? &writes[mmio_writes_done_++] : nullptr;
}

}  // namespace rehang::fakes::kvm
