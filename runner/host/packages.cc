#include "host/packages.h"

#include <array>
#include <cstdlib>
#include <string_view>

#include "base/files.h"
#include "host/host.h"

namespace rehang {

namespace {

struct Package {
    std::string_view file;
    std::string_view name;
    bool t64 = false;  // renamed to NAME + "t64" for 64-bit time_t
};

constexpr std::array packages{
    Package{"libtcmalloc.so.4", "libgoogle-perftools4", true},
    Package{"libtcmalloc_debug.so.4", "libgoogle-perftools4", true},
    Package{"libtcmalloc_and_profiler.so.4", "libgoogle-perftools4", true},
    Package{"libprofiler.so.0", "libgoogle-perftools4", true},
    Package{"libtcmalloc_minimal.so.4", "libtcmalloc-minimal4", true},
    Package{"libtcmalloc_minimal_debug.so.4", "libtcmalloc-minimal4", true},
    Package{"libjemalloc.so.2", "libjemalloc2"},
    Package{"libmimalloc.so.2.0", "libmimalloc2.0"},
    Package{"libmimalloc.so.3", "libmimalloc3"},
    Package{"libc.so.6", "libc6"},
    Package{"libstdc++.so.6", "libstdc++6"},
    Package{"libvirt.so.0", "libvirt0"},
    Package{"libglib-2.0.so.0", "libglib2.0-0", true},
    Package{"qemu-system-x86_64", "qemu-system-x86"},
    Package{"qemu-system-i386", "qemu-system-x86"},
    Package{"qemu-system-aarch64", "qemu-system-arm"},
    Package{"qemu-system-arm", "qemu-system-arm"},
    Package{"qemu-img", "qemu-utils"},
    Package{"qemu-aarch64", "qemu-user"},
    Package{"qemu-aarch64-static", "qemu-user-static"},
    Package{"fake_client-aarch64.so", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross, and build rehang again"},
    Package{"virsh", "libvirt-clients"},
    Package{"libvirt_driver_qemu.so", "libvirt-daemon-driver-qemu"},
    Package{"libvirtd", "libvirt-daemon"},
    Package{"gdb", "gdb"},
    Package{"strace", "strace"},
    Package{"eu-stack", "elfutils"},
    Package{"hwclock", "util-linux-extra"},
    Package{"python3", "python3-minimal"},
    Package{"gcc", "gcc"},
    Package{"g++", "g++"},
    Package{"git", "git"},
};

bool has_t64_names(const OsRelease& release) {
    const double version = std::strtod(release.version_id.c_str(), nullptr);  // 0: testing and sid say none
    if (version == 0) return true;
    return release.id == "ubuntu" ? version >= 24.04 : version >= 13;
}

}  // namespace

OsRelease parse_os_release(const std::string& text) {
    const auto value_of = [&text](std::string_view key) -> std::string {
        for (size_t at = 0; at < text.size();) {
            const size_t end = std::min(text.find('\n', at), text.size());
            std::string_view line(text.data() + at, end - at);
            at = end + 1;
            if (!line.starts_with(key)) continue;
            line.remove_prefix(key.size());
            if (line.size() >= 2 && line.front() == '"') line = line.substr(1, line.size() - 2);
            return std::string(line);
        }
        return {};
    };
    return {.id = value_of("ID="),
            .version_id = value_of("VERSION_ID="),
            .pretty_name = value_of("PRETTY_NAME=")};
}

OsRelease read_os_release() {
    return parse_os_release(read_file_or_empty("/etc/os-release"));
}

std::string package_for(const std::string& name, const OsRelease& release) {
    for (const Package& package : packages) {
        if (package.file != file_name(name)) continue;
        std::string found(package.name);
        if (package.t64 && has_t64_names(release)) found += "t64";
        return found;
    }
    return {};
}

std::string package_for(const std::string& name) {
    return package_for(name, read_os_release());
}

}  // namespace rehang
