#include <fcntl.h>
#include <fmt/format.h>
#include <linux/input.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/process/v2/environment.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "loops.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

using Argv = std::vector<std::string>;

bool can_open(const char* device) {
    const int fd = ::open(device, O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0) ::close(fd);
    return fd >= 0;
}

// What the loop is told: a device, and the request to make of it again and again.
struct Asked {
    std::string device;
    unsigned long request = 0;
};

const Asked kvm_version = {.device = "/dev/kvm", .request = KVM_GET_API_VERSION};
const Asked evdev_version = {.device = "/dev/input/event0", .request = EVIOCGVERSION};
const Asked window_size = {.device = "/dev/ptmx", .request = TIOCGWINSZ};

// Absolute, since a scenario runs it too.
Argv loop(const Where& where, const char* program, const Asked& asked) {
    return {std::filesystem::absolute(where.programs + "/" + program).string(), asked.device,
            std::to_string(asked.request), std::to_string(loop_rounds), std::to_string(loop_calls)};
}

Way native(const Where& where) {
    if (can_open("/dev/kvm"))
        return {"native, the host's /dev/kvm", loop(where, "ioctl_loop_static", kvm_version)};
    return {"native, TIOCGWINSZ of a pty: no /dev/kvm here", loop(where, "ioctl_loop_static", window_size)};
}

// By a scenario with the fake, that it writes first.
Argv rehang(const Where& where, const std::string& folder, const std::string& name, const Argv& argv,
            std::string_view more) {
    const std::string file = fmt::format("{}/{}.toml", folder, name);
    std::ofstream(file) << fmt::format(R"(format = 1
[scenario]
name    = "{}"
summary = "a program that asks a fake one thing after the other"
timeout = "5min"
[[process]]
name = "loop"
argv = ["{}"]
{}
[[fake]]
device = "/dev/kvm"
model  = "kvm-x86"
[expect]
outcome = "exited"
exit    = 0
)",
                                       name, fmt::join(argv, "\", \""), more);
    return {where.rehang, "run", "--json", "-", file};
}

// umockdev has no KVM: its counterpart is the request for the version of an input device, as recorded.
Way umockdev(const Where& where, const std::string& folder) {
    Way way = {"umockdev, EVIOCGVERSION of an input device", {}};
    if (boost::process::v2::environment::find_executable("umockdev-run").empty()) return way;
    const std::string device = folder + "/event0.umockdev", ioctls = folder + "/event0.ioctl";
    std::ofstream(device)
        << "P: /devices/virtual/input/event0\nN: input/event0\nE: DEVNAME=/dev/input/event0\n"
           "E: MAJOR=13\nE: MINOR=64\nE: SUBSYSTEM=input\n";
    std::ofstream(ioctls) << "EVIOCGVERSION 0 01000100\n";
    way.argv = {"umockdev-run", "--device", device, "--ioctl", evdev_version.device + "=" + ioctls, "--"};
    const Argv program = loop(where, "ioctl_loop", evdev_version);
    way.argv.insert(way.argv.end(), program.begin(), program.end());
    return way;
}

}  // namespace

Expected<void> print_fake_cost(const Where& where, const std::string& folder, int repeat) {
    const Argv by_notification =
        rehang(where, folder, "by-notification", loop(where, "ioctl_loop_static", kvm_version), "");
    const Argv by_client = rehang(where, folder, "by-client", loop(where, "ioctl_loop", kvm_version),
                                  "preload = [\"${targets}/fake_client-x86_64.so\"]");
    return print_loops("An ioctl of a device that only tells its version (KVM_GET_API_VERSION)",
                       {native(where),
                        {"rehang's fake, by notification", by_notification},
                        {"rehang's fake, by the preload client", by_client},
                        umockdev(where, folder)},
                       {{"to native", 0}, {"to umockdev", 3}}, repeat);
}

Expected<void> print_probe_cost(const Where& where, int repeat) {
    if (!can_open("/dev/kvm") ||
        boost::process::v2::environment::find_executable("qemu-system-x86_64").empty()) {
        fmt::print("libvirt's probe of QEMU: not measured, this needs /dev/kvm and qemu-system-x86_64.\n\n");
        return {};
    }
    const std::array<std::string, 2> scenarios = {"probe-launch-real-kvm", "probe-launch"};
    std::array<std::vector<double>, 2> ms;
    // The first of each is not counted: it reads symbols that the others find in the cache.
    for (int i = 0; i <= repeat; ++i) {
        for (size_t way = 0; way < scenarios.size(); ++way) {
            const auto runs =
                run_rehang(where, fmt::format("{}/qmp/{}.toml", where.scenarios, scenarios[way]), {}, 1);
            if (!runs) return std::unexpected(runs.error());
            if (i > 0) ms[way].push_back(runs->at(0).at("timings_ms").at("total"));
        }
    }
    std::vector<Row> rows;
    for (size_t way = 0; way < scenarios.size(); ++way) {
        Row row = {way == 0 ? "the host's /dev/kvm" : "the fake one"};
        for (const double each : {std::ranges::min(ms[way]), median(ms[way])})
            row.push_back(fmt::format("{:.0f} ms", each));
        rows.push_back(std::move(row));
    }
    rows.push_back({"fake / real", fmt::format("{:.2f}", std::ranges::min(ms[1]) / std::ranges::min(ms[0])),
                    fmt::format("{:.2f}", median(ms[1]) / median(ms[0]))});
    fmt::print("libvirt's probe of QEMU, whole runs, {} of each in turns.\n\n{}\n", repeat,
               table({"", "least", "median"}, rows));
    return {};
}

}  // namespace rehang::bench
