#include "devices/kvm/arm64/device.h"

#include "devices/kvm/arm64/capabilities.h"
#include "devices/kvm/arm64/vm.h"
#include "devices/kvm/system.h"

namespace rehang::fakes::kvm::arm64 {

namespace {

class Arm64System final : public System {
  public:
    Arm64System(HostPtr host, std::unique_ptr<Share> share)
        : System(std::move(host), vcpu_mapped_size, std::move(share)) {}

  private:
    std::optional<Answer> own_ioctl(const Ioctl&, Memory&) override { return std::nullopt; }

    // How many bits a guest's physical addresses have; 0: 40.
    int may_create_vm(std::uint64_t type) const override {
        return type == 0 || (type >= 32 && type <= most_ipa_bits) ? 0 : EINVAL;
    }

    std::shared_ptr<File> make_vm(HostPtr host, std::unique_ptr<Share> share) override {
        return std::make_shared<Arm64Vm>(std::move(host), std::move(share));
    }
};

class Arm64Device final : public KvmDevice {
  public:
    explicit Arm64Device(HostPtr host) : KvmDevice(std::move(host)) {}

  private:
    std::shared_ptr<File> make_system(HostPtr host, std::unique_ptr<Share> share) override {
        return std::make_shared<Arm64System>(std::move(host), std::move(share));
    }
};

}  // namespace

std::unique_ptr<Device> make_device(const Settings& settings) {
    auto host = std::make_shared<Host>();
    host->settings = kvm_settings(Architecture::arm64, settings);
    host->capabilities = capabilities();
    return std::make_unique<Arm64Device>(std::move(host));
}

}  // namespace rehang::fakes::kvm::arm64
