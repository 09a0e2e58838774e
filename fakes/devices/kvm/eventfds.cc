#include "devices/kvm/eventfds.h"

#include <fmt/format.h>

#include <algorithm>

namespace rehang::fakes::kvm {

namespace {

// NR_IOBUS_DEVS
constexpr std::size_t most_on_bus = 1000;

std::string told(const Ioeventfd& request) {
    return fmt::format("address={:#x} length={} fd={} flags={}", request.address, request.length, request.fd,
                       request.flags);
}

bool is_wellformed(const Ioeventfd& request) {
    if (request.flags & ~Ioeventfd::known) return false;
    if (request.address + request.length < request.address) return false;
    switch (request.length) {
        case 0:  // any length, so there is no value to compare with
            return !(request.flags & Ioeventfd::datamatch);
        case 1:
        case 2:
        case 4:
        case 8:
            return true;
        default:
            return false;
    }
}

std::uint32_t bus_of(const Ioeventfd& request) {
    return request.flags & (Ioeventfd::pio | Ioeventfd::virtio_ccw);
}

}  // namespace

Answer Eventfds::ioeventfd(const Memory& memory, std::uint64_t argument) {
    const auto request = copy_in<Ioeventfd>(memory, argument);
    if (!request) return fails(EFAULT);
    const bool deassigns = request->flags & Ioeventfd::deassign;
    return result(deassigns ? deassign(*request) : assign(*request), told(*request));
}

int Eventfds::assign(const Ioeventfd& request) {
    if (!is_wellformed(request)) return EINVAL;
    if (request.fd < 0) return EBADF;
    const bool any_data = !(request.flags & Ioeventfd::datamatch);
    const bool taken = std::ranges::any_of(places_, [&](const Place& place) {
        return place.bus == bus_of(request) && place.address == request.address &&
               (place.length == 0 || request.length == 0 ||
                (place.length == request.length &&
                 (place.any_data || any_data || place.data == request.data)));
    });
    if (taken) return EEXIST;
    if (places_.size() + zones_.size() >= most_on_bus) return ENOSPC;
    auto share = Share::of(entries_);
    if (!share) return ENOMEM;
    places_.push_back({.address = request.address,
                       .length = request.length,
                       .bus = bus_of(request),
                       .any_data = any_data,
                       .data = request.data,
                       .share = std::move(share)});
    return 0;
}

int Eventfds::deassign(const Ioeventfd& request) {
    if (request.fd < 0) return EBADF;
    const bool any_data = !(request.flags & Ioeventfd::datamatch);
    const auto found = std::ranges::find_if(places_, [&](const Place& place) {
        return place.bus == bus_of(request) && place.address == request.address &&
               place.length == request.length && place.any_data == any_data &&
               (any_data || place.data == request.data);
    });
    if (found == places_.end()) return ENOENT;
    places_.erase(found);
    return 0;
}

// Nothing is remembered: to take an eventfd off that was never on is no error.
Answer Eventfds::irqfd(const Memory& memory, std::uint64_t argument, int errno_without_controller) {
    const auto request = copy_in<Irqfd>(memory, argument);
    if (!request) return fails(EFAULT);
    const std::string detail =
        fmt::format("fd={} gsi={} flags={}", request->fd, request->gsi, request->flags);
    if (request->flags & ~(Irqfd::deassign | Irqfd::resample)) return fails(EINVAL, detail);
    const bool assigns = !(request->flags & Irqfd::deassign);
    if (assigns && errno_without_controller != 0) return fails(errno_without_controller, detail);
    return result(static_cast<std::int32_t>(request->fd) < 0 ? EBADF : 0, detail);
}

Answer Eventfds::register_zone(const Memory& memory, std::uint64_t argument) {
    const auto zone = copy_in<CoalescedZone>(memory, argument);
    if (!zone) return fails(EFAULT);
    const std::string detail = fmt::format("address={:#x} size={:#x}", zone->address, zone->size);
    if (zone->pio > 1) return fails(EINVAL, detail);
    if (places_.size() + zones_.size() >= most_on_bus) return fails(ENOSPC, detail);
    auto share = Share::of(entries_);
    if (!share) return fails(ENOMEM, detail);
    zones_.push_back({.zone = *zone, .share = std::move(share)});
    return gives(0, detail);
}

// All zones inside this one go.
Answer Eventfds::unregister_zone(const Memory& memory, std::uint64_t argument) {
    const auto gone = copy_in<CoalescedZone>(memory, argument);
    if (!gone) return fails(EFAULT);
    const std::string detail = fmt::format("address={:#x} size={:#x}", gone->address, gone->size);
    if (gone->pio > 1) return fails(EINVAL, detail);
    std::erase_if(zones_, [&](const Zone& each) {
        const CoalescedZone& zone = each.zone;
        return zone.pio == gone->pio && zone.address >= gone->address &&
               zone.address - gone->address <= gone->size &&
               zone.size <= gone->size - (zone.address - gone->address);
    });
    return gives(0, detail);
}

}  // namespace rehang::fakes::kvm
