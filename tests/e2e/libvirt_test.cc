// Scenarios with the host's libvirt: they come out as expected, and nothing of the host's libvirt is touched.
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "catalogue_files.h"
#include "catch.h"
#include "command.h"
#include "host/host.h"

namespace rehang::e2e {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string libvirt_scenarios = REHANG_SCENARIOS "/libvirt";

// All of it can be installed: that it is missing is a failure with REHANG_MUST_RUN set.
bool has_libvirt() {
    for (const char* need :
         {"program:virsh", "file:/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so",
          "program:libvirtd", "program:qemu-system-x86_64", "file:libtcmalloc.so.4"})
        if (const auto met = check_need(need); !met) {
            if (std::getenv("REHANG_MUST_RUN")) FAIL(met.error().what << "; " << met.error().hint);
            WARN("skipped: " << met.error().what);
            return false;
        }
    return true;
}

std::string state_of(const fs::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return fmt::format("{} is not there", path.string());
    return fmt::format("{} inode {} mode {:o} owner {}:{} size {} changed {}.{:09}", path.string(),
                       status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_size,
                       status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

// All that is below the folders where libvirt and QEMU keep what is theirs, and the folders themselves.
std::set<std::string> files_of_libvirt() {
    std::set<std::string> all;
    for (const fs::path folder : {"/var/lib/libvirt", "/run/libvirt", "/etc/libvirt", "/var/log/libvirt",
                                  "/var/cache/libvirt", "/etc/passwd", "/etc/group"}) {
        all.insert(state_of(folder));
        std::error_code missing;
        for (const auto& entry : fs::recursive_directory_iterator(folder, missing))
            all.insert(state_of(entry.path()));
    }
    return all;
}

TEST_CASE(
    "libvirt: each scenario and its control come out as expected, and the host's libvirt is untouched") {
    if (must_skip() || !has_libvirt()) return;
    const auto before = files_of_libvirt();
    const Finished result = rehang({"run", "--repeat", "2", "--json", "-", libvirt_scenarios});
    INFO(result.out << result.err);
    CHECK(files_of_libvirt() == before);
    CHECK(result.status == 0);
    const Json report = Json::parse(result.out);
    for (const Json& run : report["runs"]) {
        INFO(run["scenario"] << " " << run["role"] << " #" << run["repeat"]);
        CHECK(run["as_expected"] == true);
        CHECK(run["proven"] == (run["outcome"] == "hung"));
    }
}

TEST_CASE("libvirt: the report of a probe that hangs has who holds the pipes that virsh and QEMU wait at") {
    if (must_skip() || !has_libvirt()) return;
    const Finished result = rehang({"run", "--json", "-", libvirt_scenarios + "/domcapabilities-hang.toml"});
    INFO(result.out << result.err);
    const Json report = Json::parse(result.out);
    std::set<std::string> edges;
    for (const Json& edge : report["runs"][0]["graph"]["edges"])
        edges.insert(fmt::format("{} > {}", edge["from"].dump(), edge["to"].dump()));
    INFO(report["runs"][0]["graph"].dump(1));
    CHECK(edges.size() >= 3);
}

}  // namespace
}  // namespace rehang::e2e
