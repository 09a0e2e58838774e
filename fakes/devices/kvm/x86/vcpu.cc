#include "devices/kvm/x86/vcpu.h"

#include <fmt/format.h>

#include <cstring>

#include "devices/kvm/requests.h"
#include "devices/kvm/x86/msr_requests.h"
#include "devices/kvm/x86/reset.h"

namespace rehang::fakes::kvm::x86 {

namespace {

namespace request = kvm::request::x86;

constexpr std::uint64_t most_mce_banks = 32;
constexpr std::uint64_t mce_capabilities = 0x1000100;  // MCG_SER_P, MCG_CTL_P
constexpr std::uint32_t always_events = VcpuEvents::nmi | VcpuEvents::shadow | VcpuEvents::smm;
constexpr std::uint32_t first_bank_msr = 0x400, apic_base_msr = 0x1b, efer_msr = 0xc0000080;
constexpr std::uint64_t interrupts_enabled = 1 << 9;  // RFLAGS.IF

// A structure that is only kept.
template <class T>
Answer keep(const Memory& memory, std::uint64_t argument, T& into) {
    const auto given = copy_in<T>(memory, argument);
    if (!given) return fails(EFAULT);
    into = *given;
    return gives(0);
}

// One that is not even kept.
template <class T>
Answer accept(const Memory& memory, std::uint64_t argument) {
    return result(copy_in<T>(memory, argument) ? 0 : EFAULT);
}

}  // namespace

X86Vcpu::X86Vcpu(std::shared_ptr<X86Vm> vm, std::uint32_t id, std::unique_ptr<Share> share)
    : Vcpu(vm, id,
           id == vm->boot_cpu() || vm->controllers() == X86Vm::Controllers::none ? MpState::runnable
                                                                                 : MpState::uninitialized,
           std::move(share)),
      vm_(std::move(vm)),
      regs_(regs_at_reset()),
      sregs_(sregs_at_reset(id == vm_->boot_cpu())),
      xsave_(xsave_at_reset()),
      xcrs_(xcrs_at_reset()),
      lapic_(lapic_at_reset(id)),
      debug_(debug_at_reset()) {}

std::optional<Answer> X86Vcpu::own_ioctl(const Ioctl& call, Memory& memory) {
    if (auto got = get_registers(call, memory)) return got;
    if (auto set = set_registers(call, memory)) return set;
    switch (call.request) {
        case request::set_cpuid:
            return set_cpuid(memory, call.argument);
        case request::set_cpuid2:
            return set_cpuid2(memory, call.argument);
        case request::get_cpuid2:
            return get_cpuid2(memory, call.argument);
        case request::get_tsc_khz:
            return gives(tsc_khz_);
        case request::set_tsc_khz:
            tsc_khz_ = khz_of(call.argument);
            return gives(0);
        case request::tpr_access_reporting:
            return accept<TprAccess>(memory, call.argument);
        case request::set_vapic_addr:
            if (!has_lapic()) return fails(EINVAL);
            return accept<std::uint64_t>(memory, call.argument);
        case request::set_guest_debug:
            return accept<GuestDebug>(memory, call.argument);
        case request::setup_mce:
            return setup_mce(memory, call.argument);
        case request::set_mce:
            return set_mce(memory, call.argument);
        case request::interrupt:
            return interrupt(memory, call.argument);
        case request::nmi:
        case request::smi:
            return gives(0);
        case request::kvmclock_ctrl:
            return fails(EINVAL);  // the guest has no kvmclock: it has never run
        case request::translate: {
            auto translation = copy_in<Translation>(memory, call.argument);
            if (!translation) return fails(EFAULT);
            translation->physical_address = translation->linear_address;
            translation->valid = translation->writeable = 1;
            translation->usermode = 0;
            return copy_out(memory, call.argument, *translation);
        }
        default:
            return std::nullopt;
    }
}

std::optional<Answer> X86Vcpu::get_registers(const Ioctl& call, Memory& memory) const {
    switch (call.request) {
        case request::get_regs:
            return copy_out(memory, call.argument, regs_);
        case request::get_sregs:
            return copy_out(memory, call.argument, Sregs{.registers = sregs_.registers});
        case request::get_sregs2:
            return copy_out(memory, call.argument, sregs_);
        case request::get_fpu:
            return copy_out(memory, call.argument, fpu_);
        case request::get_xsave:
        case request::get_xsave2:
            return copy_out(memory, call.argument, xsave_);
        case request::get_xcrs:
            return copy_out(memory, call.argument, xcrs_);
        case request::get_debugregs:
            return copy_out(memory, call.argument, debug_);
        case request::get_vcpu_events:
            return copy_out(memory, call.argument, events());
        case request::get_lapic:
            return has_lapic() ? copy_out(memory, call.argument, lapic_) : fails(EINVAL);
        case request::get_msrs:
            return get_msrs([this](std::uint32_t index) { return msr(index); }, memory, call.argument);
        default:
            return std::nullopt;
    }
}

std::optional<Answer> X86Vcpu::set_registers(const Ioctl& call, const Memory& memory) {
    switch (call.request) {
        case request::set_regs:
            return keep(memory, call.argument, regs_);
        case request::set_sregs:
            return set_sregs(memory, call.argument);
        case request::set_sregs2:
            return set_sregs2(memory, call.argument);
        case request::set_fpu:
            return keep(memory, call.argument, fpu_);
        case request::set_xsave:
            return keep(memory, call.argument, xsave_);
        case request::set_xcrs: {
            const auto xcrs = copy_in<Xcrs>(memory, call.argument);
            if (!xcrs) return fails(EFAULT);
            if (xcrs->count > xcrs->xcrs.size() || xcrs->flags != 0) return fails(EINVAL);
            xcrs_ = *xcrs;
            return gives(0);
        }
        case request::set_debugregs: {
            const auto debug = copy_in<DebugRegs>(memory, call.argument);
            if (!debug) return fails(EFAULT);
            if (debug->flags != 0) return fails(EINVAL);
            debug_ = *debug;
            return gives(0);
        }
        case request::set_vcpu_events: {
            const auto events = copy_in<VcpuEvents>(memory, call.argument);
            if (!events) return fails(EFAULT);
            if (events->flags & ~(always_events | VcpuEvents::sipi | vm_->enabled_events()))
                return fails(EINVAL);
            events_ = *events;
            return gives(0);
        }
        case request::set_lapic:
            return has_lapic() ? keep(memory, call.argument, lapic_) : fails(EINVAL);
        case request::set_msrs:
            return set_msrs(
                [this](std::uint32_t index, std::uint64_t value) { return set_msr(index, value); }, memory,
                call.argument);
        default:
            return std::nullopt;
    }
}

Answer X86Vcpu::set_sregs(const Memory& memory, std::uint64_t argument) {
    const auto sregs = copy_in<Sregs>(memory, argument);
    if (!sregs) return fails(EFAULT);
    sregs_.registers = sregs->registers;
    return gives(0);
}

Answer X86Vcpu::set_sregs2(const Memory& memory, std::uint64_t argument) {
    const auto sregs = copy_in<Sregs2>(memory, argument);
    if (!sregs) return fails(EFAULT);
    if (sregs->flags & ~1ULL) return fails(EINVAL);  // KVM_SREGS2_FLAGS_PDPTRS_VALID
    sregs_ = *sregs;
    return gives(0);
}

Answer X86Vcpu::set_cpuid(const Memory& memory, std::uint64_t argument) {
    const auto header = copy_in<CpuidHeader>(memory, argument);
    if (!header) return fails(EFAULT);
    if (header->count > most_cpuid_entries) return fails(E2BIG);
    const auto entries = copy_in<OldCpuidEntry>(memory, argument + sizeof(CpuidHeader), header->count);
    if (!entries) return fails(EFAULT);
    cpuid_.clear();
    for (const OldCpuidEntry& old : *entries)
        cpuid_.push_back(
            {.function = old.function, .eax = old.eax, .ebx = old.ebx, .ecx = old.ecx, .edx = old.edx});
    return gives(0, fmt::format("entries={}", header->count));
}

Answer X86Vcpu::set_cpuid2(const Memory& memory, std::uint64_t argument) {
    const auto header = copy_in<CpuidHeader>(memory, argument);
    if (!header) return fails(EFAULT);
    const std::string detail = fmt::format("entries={}", header->count);
    if (header->count > most_cpuid_entries) return fails(E2BIG, detail);
    auto entries = copy_in<CpuidEntry>(memory, argument + sizeof(CpuidHeader), header->count);
    if (!entries) return fails(EFAULT, detail);
    cpuid_ = std::move(*entries);
    return gives(0, detail);
}

Answer X86Vcpu::get_cpuid2(Memory& memory, std::uint64_t argument) const {
    auto header = copy_in<CpuidHeader>(memory, argument);
    if (!header) return fails(EFAULT);
    if (header->count < cpuid_.size()) return fails(E2BIG);
    header->count = static_cast<std::uint32_t>(cpuid_.size());
    if (!memory.write(argument + sizeof(CpuidHeader), std::as_bytes(std::span(cpuid_)))) return fails(EFAULT);
    return copy_out(memory, argument, *header);
}

Answer X86Vcpu::interrupt(const Memory& memory, std::uint64_t argument) const {
    const auto number = copy_in<std::uint32_t>(memory, argument);
    if (!number) return fails(EFAULT);
    if (*number >= 256) return fails(EINVAL);
    return result(vm_->controllers() == X86Vm::Controllers::all ? ENXIO : 0);
}

Answer X86Vcpu::setup_mce(const Memory& memory, std::uint64_t argument) {
    const auto capabilities = copy_in<std::uint64_t>(memory, argument);
    if (!capabilities) return fails(EFAULT);
    const std::uint64_t banks = *capabilities & 0xff;
    if (banks == 0 || banks > most_mce_banks) return fails(EINVAL);
    if (*capabilities & ~(mce_capabilities | 0xff00ff)) return fails(EINVAL);
    mce_banks_ = banks;
    return gives(0);
}

Answer X86Vcpu::set_mce(const Memory& memory, std::uint64_t argument) const {
    const auto mce = copy_in<Mce>(memory, argument);
    if (!mce) return fails(EFAULT);
    return result(mce->bank < mce_banks_ && mce->status & Mce::valid ? 0 : EINVAL);
}

VcpuEvents X86Vcpu::events() const {
    VcpuEvents events = events_;
    events.flags = always_events | vm_->enabled_events();
    return events;
}

// Four registers for each machine check bank, as many banks as the VMM has asked for.
bool X86Vcpu::is_missing_bank(std::uint32_t msr) const {
    return msr >= first_bank_msr && msr < first_bank_msr + 4 * most_mce_banks &&
           (msr - first_bank_msr) / 4 >= mce_banks_;
}

// Two of them are also in the special registers.
std::optional<std::uint64_t> X86Vcpu::msr(std::uint32_t index) const {
    if (index == apic_base_msr) return sregs_.registers.apic_base;
    if (index == efer_msr) return sregs_.registers.efer;
    return is_missing_bank(index) ? std::nullopt : msrs_.get(index);
}

bool X86Vcpu::set_msr(std::uint32_t index, std::uint64_t value) {
    if (index == apic_base_msr) sregs_.registers.apic_base = value;
    if (index == efer_msr) sregs_.registers.efer = value;
    return !is_missing_bank(index) && msrs_.set(index, value);
}

int X86Vcpu::before_run() {
    page().tell_x86(regs_.rflags & interrupts_enabled, has_lapic(), sregs_.registers.cr8,
                    sregs_.registers.apic_base);
    return 0;
}

// Without a local APIC in the kernel, the VMM stops and starts vCPUs itself.
bool X86Vcpu::may_have(MpState state) const {
    switch (state) {
        case MpState::runnable:
            return true;
        case MpState::uninitialized:
        case MpState::init_received:
        case MpState::halted:
        case MpState::sipi_received:
            return has_lapic();
        default:
            return false;
    }
}

}  // namespace rehang::fakes::kvm::x86
