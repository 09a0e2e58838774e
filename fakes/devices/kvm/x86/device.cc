#include "devices/kvm/x86/device.h"

#include <fmt/format.h>

#include "devices/kvm/requests.h"
#include "devices/kvm/system.h"
#include "devices/kvm/x86/capabilities.h"
#include "devices/kvm/x86/cpuid.h"
#include "devices/kvm/x86/msr_requests.h"
#include "devices/kvm/x86/vm.h"

namespace rehang::fakes::kvm::x86 {

namespace {

namespace request = kvm::request::x86;

// KVM_X86_XCOMP_GUEST_SUPP, the only attribute of /dev/kvm.
constexpr std::uint64_t guest_xstate = 0;
constexpr std::uint64_t mce_capabilities = 0x1000100;  // MCG_SER_P, MCG_CTL_P

// All that the processor has, or E2BIG: the VMM tries with ever larger arrays.
Answer get_cpuid(std::span<const CpuidEntry> table, Memory& memory, std::uint64_t argument) {
    auto header = copy_in<CpuidHeader>(memory, argument);
    if (!header) return fails(EFAULT);
    std::string detail = fmt::format("room for {}", header->count);
    if (header->count < table.size()) return fails(E2BIG, detail);
    header->count = static_cast<std::uint32_t>(table.size());
    if (!memory.write(argument + sizeof(CpuidHeader), std::as_bytes(table))) return fails(EFAULT, detail);
    return copy_out(memory, argument, *header, gives(0, detail));
}

Answer get_indices(std::span<const std::uint32_t> indices, Memory& memory, std::uint64_t argument) {
    const auto room = copy_in<std::uint32_t>(memory, argument);
    if (!room) return fails(EFAULT);
    const std::string detail = fmt::format("room for {}", *room);
    const auto count = static_cast<std::uint32_t>(indices.size());
    if (!memory.write(argument, bytes_of(count))) return fails(EFAULT, detail);
    if (*room < count) return fails(E2BIG, detail);
    return result(memory.write(argument + sizeof(count), std::as_bytes(indices)) ? 0 : EFAULT, detail);
}

class X86System final : public System {
  public:
    X86System(HostPtr host, std::unique_ptr<Share> share)
        : System(std::move(host), vcpu_mapped_size, std::move(share)) {}

  private:
    std::optional<Answer> own_ioctl(const Ioctl& call, Memory& memory) override {
        switch (call.request) {
            case request::get_supported_cpuid:
                return get_cpuid(supported_cpuid(), memory, call.argument);
            case request::get_emulated_cpuid:
                return get_cpuid({}, memory, call.argument);
            case request::get_msr_index_list:
                return get_indices(saved_msrs(), memory, call.argument);
            case request::get_msr_feature_index_list:
                return get_indices(feature_msrs(), memory, call.argument);
            case request::get_msrs:
                return get_msrs(feature_msr, memory, call.argument);
            case request::get_mce_cap_supported:
                return copy_out(memory, call.argument, mce_capabilities);
            case kvm::request::get_device_attr:
            case kvm::request::has_device_attr:
                return attribute(call, memory);
            default:
                return std::nullopt;
        }
    }

    static Answer attribute(const Ioctl& call, Memory& memory) {
        const auto attribute = copy_in<DeviceAttribute>(memory, call.argument);
        if (!attribute) return fails(EFAULT);
        const std::string detail = fmt::format("group={} attr={}", attribute->group, attribute->attribute);
        if (attribute->group != 0 || attribute->attribute != guest_xstate) return fails(ENXIO, detail);
        if (call.request == kvm::request::has_device_attr) return gives(0, detail);
        return copy_out(memory, attribute->address, supported_xcr0, gives(0, detail));
    }

    int may_create_vm(std::uint64_t type) const override { return type == 0 ? 0 : EINVAL; }

    std::shared_ptr<File> make_vm(HostPtr host, std::unique_ptr<Share> share) override {
        return std::make_shared<X86Vm>(std::move(host), std::move(share));
    }
};

class X86Device final : public KvmDevice {
  public:
    explicit X86Device(HostPtr host) : KvmDevice(std::move(host)) {}

  private:
    std::shared_ptr<File> make_system(HostPtr host, std::unique_ptr<Share> share) override {
        return std::make_shared<X86System>(std::move(host), std::move(share));
    }
};

}  // namespace

std::unique_ptr<Device> make_device(const Settings& settings) {
    auto host = std::make_shared<Host>();
    host->settings = kvm_settings(Architecture::x86, settings);
    host->capabilities = capabilities();
    return std::make_unique<X86Device>(std::move(host));
}

}  // namespace rehang::fakes::kvm::x86
