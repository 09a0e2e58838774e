// Any bytes as what a target does with a fake /dev/kvm: it opens, calls, closes, and writes its memory and
// the pages that it shares with vCPUs. No crash, no call that waits where none may, no result that is no
// result.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "bytes.h"
#include "devices/kvm/requests.h"
#include "devices/models.h"

using namespace rehang;
using fuzz::Bytes;
using namespace rehang::fakes;

namespace {

using namespace kvm::request;

// By index, so that one byte finds a request that exists; appended to, so that the corpus keeps its meaning.
constexpr auto requests = std::to_array<std::uint32_t>({
    get_api_version,
    create_vm,
    get_vcpu_mmap_size,
    check_extension,
    create_vcpu,
    get_dirty_log,
    clear_dirty_log,
    set_user_memory_region,
    irq_line,
    irq_line_status,
    register_coalesced_mmio,
    unregister_coalesced_mmio,
    set_gsi_routing,
    irqfd,
    ioeventfd,
    signal_msi,
    create_device,
    enable_cap,
    set_device_attr,
    get_device_attr,
    has_device_attr,
    run,
    set_signal_mask,
    get_mp_state,
    set_mp_state,
    x86::get_msr_index_list,
    x86::get_supported_cpuid,
    x86::get_emulated_cpuid,
    x86::get_msr_feature_index_list,
    x86::get_mce_cap_supported,
    x86::set_nr_mmu_pages,

    x86::set_tss_addr,
    x86::set_identity_map_addr,
    x86::create_irqchip,
    x86::get_irqchip,
    x86::set_irqchip,
    x86::create_pit,
    x86::create_pit2,
    x86::get_pit2,
    x86::set_pit2,
    x86::reinject_control,
    x86::set_boot_cpu_id,
    x86::set_clock,
    x86::get_clock,
    x86::set_msr_filter,
    x86::set_tsc_khz,
    x86::get_tsc_khz,
    x86::get_msrs,
    x86::set_msrs,
    x86::get_regs,
    x86::set_regs,
    x86::get_sregs,
    x86::set_sregs,
    x86::get_sregs2,
    x86::set_sregs2,
    x86::translate,
    x86::interrupt,
    x86::set_cpuid,
    x86::set_cpuid2,
    x86::get_cpuid2,
    x86::get_fpu,
    x86::set_fpu,
    x86::get_lapic,
    x86::set_lapic,
    x86::tpr_access_reporting,
    x86::set_vapic_addr,
    x86::nmi,
    x86::set_guest_debug,
    x86::setup_mce,
    x86::set_mce,
    x86::get_vcpu_events,
    x86::set_vcpu_events,
    x86::get_debugregs,
    x86::set_debugregs,
    x86::get_xsave,
    x86::set_xsave,
    x86::get_xsave2,
    x86::get_xcrs,
    x86::set_xcrs,
    x86::kvmclock_ctrl,
    x86::smi,
    arm64::preferred_target,
    arm64::get_one_reg,
    arm64::set_one_reg,
    arm64::vcpu_init,
    arm64::get_reg_list,
    arm64::vcpu_finalize,
    arm64::set_guest_debug,
});

class SmallMemory final : public Memory {
  public:
    static constexpr std::uint64_t start = 0x10000;

    bool read(std::uint64_t address, std::span<std::byte> into) const override {
        if (!inside(address, into.size())) return false;
        if (!into.empty()) std::memcpy(into.data(), bytes_.data() + (address - start), into.size());
        return true;
    }
    bool write(std::uint64_t address, std::span<const std::byte> from) override {
        if (!inside(address, from.size())) return false;
        if (!from.empty()) std::memcpy(bytes_.data() + (address - start), from.data(), from.size());
        return true;
    }
    static std::uint64_t at(std::uint16_t offset) { return start + offset % size * 8; }

  private:
    static constexpr std::size_t size = 2048;  // in words

    static bool inside(std::uint64_t address, std::size_t count) {
        return address >= start && address - start <= 8 * size && count <= 8 * size - (address - start);
    }
    std::array<std::byte, 8 * size> bytes_{};
};

struct Opened {
    std::shared_ptr<File> file;
    std::unique_ptr<std::vector<std::byte>> page;  // outlives it, as shared memory does
};

class Target {
  public:
    explicit Target(Bytes bytes) : bytes_(bytes) {
        const std::uint8_t which = bytes_.byte();
        static const std::array<Settings, 4> arm64 = {{
            {},
            {{"gic", "v2-hollow"}, {"mmio_writes", "0x09000030:0x301, 0x10:2"}},
            {{"gic", "v3"}, {"irq_line", "ENXIO"}, {"irq_line_after", "1"}, {"vcpus_max", "2"}},
            {{"pmu", "false"}, {"gic", "v2"}},
        }};
        static const std::array<Settings, 2> x86 = {{
            {},
            {{"irq_line", "ENXIO"}, {"mmio_writes", "0x10:2"}, {"vcpus_max", "1"}},
        }};
        device_ = which & 1 ? make_device("kvm-arm64", arm64[which / 2 % arm64.size()])
                            : make_device("kvm-x86", x86[which / 2 % x86.size()]);
        open(device_->open(0));
    }

    void act() {
        while (!bytes_.empty()) {
            switch (bytes_.byte() % 8) {
                case 0:
                    open(device_->open(bytes_.byte()));
                    break;
                case 1:
                    close();
                    break;
                case 2:
                    write_memory();
                    break;
                case 3:
                    write_pointer();
                    break;
                case 4:
                    write_page();
                    break;
                default:
                    call();
                    break;
            }
        }
    }

  private:
    void open(const Answer& answer) {
        if (!answer.opens) return;
        Opened opened{.file = answer.opens, .page = nullptr};
        if (const std::size_t size = answer.opens->mapped_size()) {
            opened.page = std::make_unique<std::vector<std::byte>>(size);
            opened.file->share(*opened.page);
        }
        files_.push_back(std::move(opened));
    }

    void close() {
        if (!files_.empty())
            files_.erase(files_.begin() + bytes_.byte() % static_cast<std::ptrdiff_t>(files_.size()));
    }

    void write_memory() {
        const std::uint64_t address = SmallMemory::at(bytes_.number<std::uint16_t>());
        memory_.write(address, std::as_bytes(bytes_.take(bytes_.byte())));
    }

    void write_pointer() {
        const std::uint64_t address = SmallMemory::at(bytes_.number<std::uint16_t>());
        const std::uint64_t pointer = SmallMemory::at(bytes_.number<std::uint16_t>());
        memory_.write(address, std::as_bytes(std::span(&pointer, 1)));
    }

    void write_page() {
        if (files_.empty()) return;
        const Opened& opened = files_[bytes_.byte() % files_.size()];
        const std::uint8_t at = bytes_.byte();
        if (opened.page) (*opened.page)[at] = std::byte(bytes_.byte());
    }

    std::uint64_t argument() {
        switch (bytes_.byte() % 4) {
            case 0:
                return bytes_.byte();
            case 1:
                return bytes_.number<std::uint64_t>();
            default:
                return SmallMemory::at(bytes_.number<std::uint16_t>());
        }
    }

    void call() {
        if (files_.empty()) return;
        const std::shared_ptr<File> file = files_[bytes_.byte() % files_.size()].file;
        const std::uint8_t index = bytes_.byte();
        const std::uint32_t request =
            index < requests.size() ? requests[index] : bytes_.number<std::uint32_t>();
        const Answer answer = file->ioctl({.request = request, .argument = argument()}, memory_);
        REHANG_CHECK(answer.value > -4096);
        REHANG_CHECK(!answer.waits || (std::ranges::count(device_->waiting_requests(), request) == 1 &&
                                       answer.value == -EINTR));
        REHANG_CHECK(!answer.unknown || answer.value == -ENOTTY);
        REHANG_CHECK(!answer.opens || answer.value == 0);
        REHANG_CHECK(!file->name().empty());
        if (answer.number_at) {
            const std::uint32_t number = 5;
            REHANG_CHECK(memory_.write(*answer.number_at, std::as_bytes(std::span(&number, 1))));
        }
        open(answer);
    }

    Bytes bytes_;
    SmallMemory memory_;
    std::unique_ptr<Device> device_;
    std::vector<Opened> files_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Target(Bytes({data, size})).act();
    return 0;
}
