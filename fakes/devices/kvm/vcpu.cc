#include "devices/kvm/vcpu.h"

#include <fmt/format.h>

#include "devices/kvm/requests.h"

namespace rehang::fakes::kvm {

namespace {

struct SignalMask {  // kvm_signal_mask
    std::uint32_t length = 0;
};

}  // namespace

Vcpu::Vcpu(std::shared_ptr<Vm> vm, std::uint32_t id, MpState state, std::unique_ptr<Share> share)
    : vm_(std::move(vm)), id_(id), share_(std::move(share)), mp_state_(state) {}

std::string Vcpu::name() const {
    return fmt::format("vcpu {}", id_);
}

Answer Vcpu::ioctl(const Ioctl& call, Memory& memory) {
    if (auto own = own_ioctl(call, memory)) return std::move(*own);
    switch (call.request) {
        case request::run:
            return run(call.argument);
        case request::set_signal_mask:
            return set_signal_mask(memory, call.argument);
        case request::enable_cap:  // a vCPU has none that can be switched
            return fails(copy_in<EnableCap>(memory, call.argument) ? EINVAL : EFAULT);
        case request::get_stats_fd:  // as before Linux 5.14; some ask without KVM_CAP_BINARY_STATS_FD
            return fails(ENOTTY);
        case request::get_mp_state:
            return get_mp_state(memory, call.argument);
        case request::set_mp_state:
            return set_mp_state(memory, call.argument);
        default:
            return unknown_request();
    }
}

// The guest does nothing but what the settings say, so a running vCPU waits until its VMM interrupts it.
Answer Vcpu::run(std::uint64_t argument) {
    if (argument != 0) return fails(EINVAL);
    if (const int refused = before_run()) return fails(refused);
    if (page_.immediate_exit()) return fails(EINTR, "immediate_exit");
    if (id_ == 0 && mp_state_ == MpState::runnable) {
        if (const MmioWrite* write = vm_->next_mmio_write()) {
            page_.exit_by_mmio(*write);
            return gives(0, fmt::format("KVM_EXIT_MMIO {:#x}={:#x}", write->address, write->value));
        }
    }
    page_.exit_by_signal();
    return {.value = -EINTR, .waits = true};
}

Answer Vcpu::set_signal_mask(const Memory& memory, std::uint64_t argument) const {
    if (argument == 0) return gives(0);  // the thread's own mask
    const auto header = copy_in<SignalMask>(memory, argument);
    if (!header) return fails(EFAULT);
    if (header->length != sizeof(std::uint64_t)) return fails(EINVAL);
    return result(copy_in<std::uint64_t>(memory, argument + sizeof(SignalMask)) ? 0 : EFAULT);
}

Answer Vcpu::get_mp_state(Memory& memory, std::uint64_t argument) const {
    return copy_out(memory, argument, mp_state_,
                    gives(0, fmt::format("state={}", static_cast<unsigned>(mp_state_))));
}

Answer Vcpu::set_mp_state(const Memory& memory, std::uint64_t argument) {
    const auto state = copy_in<MpState>(memory, argument);
    if (!state) return fails(EFAULT);
    const std::string detail = fmt::format("state={}", static_cast<unsigned>(*state));
    if (!may_have(*state)) return fails(EINVAL, detail);
    mp_state_ = *state;
    return gives(0, detail);
}

}  // namespace rehang::fakes::kvm
