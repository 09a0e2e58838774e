#include "devices/kvm/memory_slots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rehang::fakes::kvm {

namespace {

// KVM_MEM_MAX_NR_PAGES
constexpr std::uint64_t most_pages = (1ULL << 31) - 1;

bool is_aligned(const MemoryRegion& region) {
    return ((region.size | region.guest_address | region.userspace_address) & (page_size - 1)) == 0;
}

bool is_wellformed(const MemoryRegion& region, std::uint32_t most_slots) {
    if (region.flags & ~(MemoryRegion::log_dirty_pages | MemoryRegion::read_only)) return false;
    if (!is_aligned(region) || region.size / page_size > most_pages) return false;
    if (region.guest_address + region.size < region.guest_address) return false;
    // One address space: x86 without SMM, and arm64, have no second one.
    return region.slot < most_slots;
}

std::string told(const MemoryRegion& region) {
    return fmt::format("slot={} flags={} guest={:#x} size={:#x}", region.slot, region.flags,
                       region.guest_address, region.size);
}

}  // namespace

Answer MemorySlots::set(const Memory& memory, std::uint64_t argument) {
    const auto region = copy_in<MemoryRegion>(memory, argument);
    if (!region) return fails(EFAULT);
    return result(set(*region), told(*region));
}

int MemorySlots::set(const MemoryRegion& region) {
    if (!is_wellformed(region, most_)) return EINVAL;
    const auto old = slots_.find(region.slot);
    if (region.size == 0) {
        if (old == slots_.end()) return EINVAL;
        by_address_.erase(old->second.region.guest_address);
        slots_.erase(old);
        return 0;
    }
    if (old != slots_.end()) return change(old->second.region, region);
    if (overlaps(region)) return EEXIST;
    auto share = Share::of(entries_);
    if (!share) return ENOMEM;
    slots_.emplace(region.slot, Slot{.region = region, .share = std::move(share)});
    by_address_.emplace(region.guest_address, region.slot);
    return 0;
}

// A slot can be moved in the guest, and its dirty log switched; nothing else of it changes.
int MemorySlots::change(MemoryRegion& old, const MemoryRegion& region) {
    if (old.size != region.size || old.userspace_address != region.userspace_address) return EINVAL;
    if ((old.flags ^ region.flags) & MemoryRegion::read_only) return EINVAL;
    if (old.guest_address != region.guest_address && overlaps(region)) return EEXIST;
    by_address_.erase(old.guest_address);
    by_address_.emplace(region.guest_address, region.slot);
    old = region;
    return 0;
}

bool MemorySlots::overlaps(const MemoryRegion& region) const {
    const auto lies_over = [&](const auto& entry) {
        const MemoryRegion& other = slots_.at(entry.second).region;
        return other.slot != region.slot && region.guest_address < other.guest_address + other.size &&
               other.guest_address < region.guest_address + region.size;
    };
    // Those that are there do not lie over each other, so that only neighbours matter: two on each side, as
    // one of them may be the slot itself.
    const auto from = by_address_.lower_bound(region.guest_address);
    auto before = from;
    for (int step = 0; step < 2 && before != by_address_.begin(); ++step)
        if (lies_over(*--before)) return true;
    auto after = from;
    for (int step = 0; step < 2 && after != by_address_.end(); ++step, ++after)
        if (lies_over(*after)) return true;
    return false;
}

Answer MemorySlots::get_dirty_log(Memory& memory, std::uint64_t argument) {
    const auto log = copy_in<DirtyLog>(memory, argument);
    if (!log) return fails(EFAULT);
    const std::string detail = fmt::format("slot={}", log->slot);
    if (log->slot >= most_) return fails(EINVAL, detail);
    const auto slot = slots_.find(log->slot);
    if (slot == slots_.end() || !(slot->second.region.flags & MemoryRegion::log_dirty_pages))
        return fails(ENOENT, detail);
    static constexpr std::array<std::byte, 65536> clean{};
    const std::uint64_t pages = slot->second.region.size / page_size;
    std::uint64_t left = (pages + 63) / 64 * 8;
    for (std::uint64_t at = log->bitmap; left > 0;) {
        const std::uint64_t part = std::min<std::uint64_t>(left, clean.size());
        if (!memory.write(at, std::span(clean).first(part))) return fails(EFAULT, detail);
        at += part;
        left -= part;
    }
    return gives(0, detail);
}

Answer MemorySlots::clear_dirty_log(const Memory& memory, std::uint64_t argument) {
    const auto log = copy_in<ClearDirtyLog>(memory, argument);
    if (!log) return fails(EFAULT);
    const std::string detail = fmt::format("slot={}", log->slot);
    if (log->slot >= most_ || log->first_page % 64 != 0) return fails(EINVAL, detail);
    const auto slot = slots_.find(log->slot);
    if (slot == slots_.end() || !(slot->second.region.flags & MemoryRegion::log_dirty_pages))
        return fails(ENOENT, detail);
    const std::uint64_t pages = slot->second.region.size / page_size;
    const bool inside = log->first_page <= pages && log->pages <= pages - log->first_page;
    // Whole words of the bitmap, but for its end.
    const bool whole = inside && (log->pages % 64 == 0 || log->pages == pages - log->first_page);
    return result(whole ? 0 : EINVAL, detail);
}

}  // namespace rehang::fakes::kvm
