#include "devices/kvm/system.h"

#include <fmt/format.h>

#include "devices/kvm/requests.h"

namespace rehang::fakes::kvm {

namespace {

constexpr int api_version = 12;  // since Linux 2.6.22

}  // namespace

Answer System::ioctl(const Ioctl& call, Memory& memory) {
    if (auto own = own_ioctl(call, memory)) return std::move(*own);
    switch (call.request) {
        case request::get_api_version:
            return call.argument == 0 ? gives(api_version) : fails(EINVAL);
        case request::check_extension:
            return host_->check_extension(call.argument);
        case request::get_vcpu_mmap_size:
            return call.argument == 0 ? gives(static_cast<std::int64_t>(vcpu_mapped_size_)) : fails(EINVAL);
        case request::create_vm:
            return create_vm(call.argument);
        default:
            return unknown_request();
    }
}

Answer System::create_vm(std::uint64_t type) {
    const std::string detail = fmt::format("type={:#x}", type);
    if (const int refused = may_create_vm(type)) return fails(refused, detail);
    if (host_->settings.create_vm != 0) return fails(host_->settings.create_vm, detail);
    auto share = Share::of(host_->files);
    if (!share) return fails(ENOMEM, detail);
    return opens(make_vm(host_, std::move(share)), detail);
}

Answer KvmDevice::open(int) {
    if (host_->settings.open != 0) return fails(host_->settings.open);
    auto share = Share::of(host_->files);
    if (!share) return fails(ENFILE);
    return opens(make_system(host_, std::move(share)));
}

std::vector<std::uint32_t> KvmDevice::waiting_requests() const {
    return {request::run};
}

}  // namespace rehang::fakes::kvm
