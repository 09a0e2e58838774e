#include "devices/kvm/run_page.h"

#include <array>
#include <atomic>
#include <cstring>

#include "devices/answers.h"

namespace rehang::fakes::kvm {

namespace {

// Offsets in struct kvm_run.
constexpr std::size_t at_immediate_exit = 1;
constexpr std::size_t at_exit_reason = 8;
constexpr std::size_t at_ready_for_interrupt_injection = 12;
constexpr std::size_t at_if_flag = 13;
constexpr std::size_t at_cr8 = 16;
constexpr std::size_t at_apic_base = 24;
constexpr std::size_t at_exit = 32;  // what the exit reason says more of

constexpr std::uint32_t exit_mmio = 6;
constexpr std::uint32_t exit_intr = 10;

struct MmioExit {
    std::uint64_t address = 0;
    std::array<std::uint8_t, 8> data{};
    std::uint32_t length = 0;
    std::uint8_t is_write = 0;
    std::array<std::uint8_t, 3> padding{};
};
static_assert(sizeof(MmioExit) == 24);

}  // namespace

bool RunPage::immediate_exit() const {
    if (page_.size() <= at_immediate_exit) return false;
    // A signal handler of the target may set it at this moment.
    return std::atomic_ref(page_[at_immediate_exit]).load() != std::byte{0};
}

template <class T>
void RunPage::write(std::size_t offset, const T& value) {
    const auto bytes = bytes_of(value);
    if (page_.size() >= offset + bytes.size()) std::memcpy(page_.data() + offset, bytes.data(), bytes.size());
}

void RunPage::exit_by_signal() {
    write(at_exit_reason, exit_intr);
}

void RunPage::exit_by_mmio(const MmioWrite& mmio) {
    MmioExit exit{.address = mmio.address, .length = sizeof(mmio.value), .is_write = 1};
    std::memcpy(exit.data.data(), &mmio.value, sizeof(mmio.value));
    write(at_exit, exit);
    write(at_exit_reason, exit_mmio);
}

void RunPage::tell_x86(bool interrupts_enabled, bool ready_for_interrupt, std::uint64_t cr8,
                       std::uint64_t apic_base) {
    write(at_ready_for_interrupt_injection, static_cast<std::uint8_t>(ready_for_interrupt));
    write(at_if_flag, static_cast<std::uint8_t>(interrupts_enabled));
    write(at_cr8, cr8);
    write(at_apic_base, apic_base);
}

}  // namespace rehang::fakes::kvm
