#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "host/arm64_root.h"
#include "host/probes.h"

namespace rehang {

namespace {

Ability probe_kvm() {
    const UniqueFd kvm(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
    const int error = kvm && ::ioctl(kvm.get(), KVM_GET_API_VERSION, 0) == KVM_API_VERSION ? 0 : errno;
    Ability ability = ability_from(
        "/dev/kvm", error, fmt::format("version {} of its interface", KVM_API_VERSION), kvm_fix(error));
    ability.use = Ability::Use::sometimes;
    return ability;
}

Ability probe_program(const std::string& name) {
    const auto path = find_program(name);
    return {.name = name,
            .ok = path.has_value(),
            .use = Ability::Use::sometimes,
            .detail = path.value_or("not installed"),
            .fix = path ? "" : fmt::format("sudo apt install {}", package_for(name))};
}

Ability probe_arm64_root() {
    const auto there = check_need("root:arm64");
    return {.name = "arm64 root",
            .ok = there.has_value(),
            .use = Ability::Use::sometimes,
            .detail = there ? arm64_root() : "not made",
            .fix = there ? "" : "tools/arm64-root"};
}

}  // namespace

std::string kvm_fix(int errno_value) {
    if (errno_value == EACCES || errno_value == EPERM)
        return "join the group that may use it, then log in again: sudo adduser $USER kvm";
    return "switch virtualisation on in the firmware (or nesting on in the outer machine), then: sudo "
           "modprobe -a "
           "kvm_intel kvm_amd";
}

std::vector<Ability> probe_programs() {
    return {probe_kvm(),
            probe_program("gdb"),
            probe_program("qemu-system-x86_64"),
            probe_program("virsh"),
            probe_program("qemu-aarch64-static"),
            probe_arm64_root()};
}

}  // namespace rehang
