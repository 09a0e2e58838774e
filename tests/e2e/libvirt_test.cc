// Scenarios with the host's libvirt: they come out as expected, and nothing of the host's libvirt is touched.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "catalogue_files.h"
#include "catch.h"
#include "command.h"

namespace rehang::e2e {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string libvirt_scenarios = REHANG_SCENARIOS "/libvirt";

const std::vector<std::string> libvirt = {
    "program:virsh", "file:/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so",
    "program:libvirtd", "program:qemu-system-x86_64", "file:libtcmalloc.so.4"};

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
    if (must_skip() || lacks(libvirt)) return;
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

const Json* process_at(const Json& run, const std::string& path) {
    for (const Json& process : run["processes"])
        if (process["path"] == path) return &process;
    return nullptr;
}

std::string sentence_of_main(const Json& run, const std::string& path) {
    const Json* const process = process_at(run, path);
    REQUIRE(process != nullptr);
    return (*process)["threads"][0]["waits_for"]["sentence"];
}

TEST_CASE("libvirt: the report of a probe that hangs says who holds the pipes that virsh and QEMU wait at") {
    if (must_skip() || lacks(libvirt)) return;
    const Finished result = rehang({"run", "--json", "-", libvirt_scenarios + "/domcapabilities-hang.toml"});
    INFO(result.out << result.err);
    const Json run = Json::parse(result.out)["runs"][0];
    for (const char* end : {"whose write end virsh/2 (fd 1) and virsh/2/1/1 (fd 1) hold open",
                            "whose write end virsh/2 (fd 2) and virsh/2/1/1 (fd 2) hold open"})
        CHECK_THAT(sentence_of_main(run, "virsh"), Contains(end));
    CHECK_THAT(sentence_of_main(run, "virsh/2"), Contains("whose write end virsh/2/1/1 (fd 8) holds open"));
    std::set<std::string> edges;
    for (const Json& edge : run["graph"]["edges"]) {
        std::string ends;
        for (const char* end : {"from", "to"})
            for (const Json& node : run["graph"]["nodes"])
                if (node["id"] == edge[end]) ends += fmt::format("[{}]", node["label"].get<std::string>());
        edges.insert(ends);
    }
    for (const char* edge : {"[virsh][virsh/2]", "[virsh][virsh/2/1/1]"}) CHECK(edges.contains(edge));
    CHECK_THAT(run["explanation"].dump(), Contains("virsh/2/1 thread 2 does not exist in virsh/2/1/1") &&
                                              Contains("virsh waits in turn"));
}

// Its netlink sockets would have news only of a network that nobody else has.
TEST_CASE("libvirt: a libvirtd whose probe hangs is stuck with all of its threads and clients") {
    if (must_skip() || lacks(libvirt)) return;
    const Finished result = rehang({"run", "--json", "-", libvirt_scenarios + "/libvirtd-probe-hangs.toml"});
    INFO(result.out << result.err);
    const Json run = Json::parse(result.out)["runs"][0];
    CHECK(run["proven"] == true);
    const std::string sentence = sentence_of_main(run, "libvirtd");
    for (const char* part : {"for news of the kernel's network", "for news of the kernel's devices",
                             "whose peer virsh/1 (fd", "whose peer next/2 (fd"})
        CHECK_THAT(sentence, Contains(part));
    CHECK_THAT(run["explanation"].dump(),
               Contains("libvirtd/2/1 thread 2 does not exist in libvirtd/2/1/1") &&
                   Contains("libvirtd waits in turn") && Contains("next/2 waits in turn"));
}

TEST_CASE("libvirt: a function of a program that none of the [[process]]es is can be checked") {
    if (must_skip() || lacks(libvirt)) return;
    const Finished result = rehang({"check", libvirt_scenarios});
    CHECK(result.status == 0);
    CHECK(result.err.find("could not be checked") == std::string::npos);
}

}  // namespace
}  // namespace rehang::e2e
