#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "catch.h"
#include "command.h"
#include "host/host.h"
#include "normal_form.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Json = nlohmann::json;

const std::string catalogue = REHANG_SCENARIOS;

TEST_CASE("list shows the catalogue, check finds no mistakes in it") {
    const Finished list = rehang({"list", catalogue});
    CHECK(list.status == 0);
    for (const char* name :
         {"daemonize-with-tcmalloc-threads", "localtime-lock-at-fork", "daemon-holds-pipe"})
        CHECK_THAT(list.out, Contains(name));
    CHECK_THAT(list.out, Contains("hung: inherited-lock") && Contains("hung: held-pipe") &&
                             Contains("hung: lock-cycle") && Contains("hung: lost-thread") &&
                             Contains("hung: lost-wakeup") && Contains("libtcmalloc"));
    const Finished check = rehang({"check", catalogue});
    CHECK(check.status == 0);
    CHECK_THAT(check.out, Contains("no mistakes"));
}

TEST_CASE("every scenario of the catalogue and its control come out as expected, the same three times") {
    if (must_skip()) return;
    std::vector<std::string> words = {"run", "--repeat", "3", "--json", "-"};
    for (const auto& folder : std::filesystem::directory_iterator(catalogue))
        // Not every host has the device, a QEMU or libvirt: kvm_test.cc, arm64_test.cc, described_test.cc,
        // qemu_test.cc, libvirt_test.cc.
        if (const auto name = folder.path().filename().string();
            !std::set<std::string>{"kvm", "qmp", "fakes", "qemu", "libvirt"}.contains(name))
            words.push_back(folder.path().string());
    const Finished result = rehang(words);
    INFO(result.out << result.err);
    // The allocator of fork-matrix has another name in Debian 13.
    const std::string mimalloc = "libmimalloc.so.2.0";
    const bool other_mimalloc = !check_need("file:" + mimalloc) && check_need("file:libmimalloc.so.3");
    CHECK(result.status == (other_mimalloc ? 125 : 0));
    const Json report = Json::parse(result.out);
    CHECK(report["runs"].size() >= 3 * 2 * 14);  // each scenario with its control
    for (const Json& run : report["runs"]) {
        if (other_mimalloc && run["params"].value("allocator", "") == mimalloc) continue;
        INFO(run["scenario"] << " " << run["role"] << " #" << run["repeat"]);
        CHECK(run["as_expected"] == true);
        CHECK(run["proven"] == (run["outcome"] == "hung"));
    }
    const auto hangs = std::ranges::count_if(report["runs"], [](const Json& run) {
        return run["role"] == "scenario" && run["outcome"] == "hung";
    });
    CHECK(hangs >= 3 * 14);  // the others show what a program does with a fault
}

// From the section `from` up to `to`: without the stacks, which show how this host's C library is made.
std::string part(const std::string& report, const std::string& from, const std::string& to) {
    const size_t begin = report.find("\n" + from + "\n");
    const size_t end = report.find("\n" + to + "\n");
    REQUIRE(begin != std::string::npos);
    REQUIRE(end != std::string::npos);
    return report.substr(begin + 1, end - begin);
}

TEST_CASE("the report of a hang, word for word") {
    if (must_skip()) return;
    const Finished result = rehang({"run", catalogue + "/pipe/daemon-holds-pipe.toml"});
    REQUIRE(result.status == 0);
    // On a host where many pipes were made their numbers are so long that these lines are wrapped.
    const std::string report =
        std::regex_replace(normal_form(result.out), std::regex("holds\\n +open"), "holds open");
    CHECK_THAT(
        report,
        StartsWith("✓ daemon-holds-pipe daemon_stdout=keep  hung: held-pipe, proven T ms after the start  "
                   "(total T ms)\n"));
    CHECK(part(report, "Processes", "Why") == R"(Processes
  starter            pid 2, running
    main             reads from pipe:[N] (fd 3), whose write end starter/1/1 (fd 1) holds open
  └─ starter/1       pid 3, zombie, exited with 0
     └─ starter/1/1  pid 4, running
          main       reads from pipe:[N] (fd 3), whose write end starter/1/1 (fd 4) holds open

)");
    CHECK(unwrapped(part(report, "Why", "Stacks")) ==
          "Why starter waits for bytes or the end of pipe:[N] (its fd 3), and neither can come. "
          "starter/1/1 holds the write end open as its fd 1, inherited through the forks starter "
          "→ starter/1 → starter/1/1. starter/1/1 will not close it: it reads from pipe:[N] (fd "
          "3), whose write end starter/1/1 (fd 4) holds open. starter/1 has ended and stays a "
          "zombie: starter has not waited for it. ");
    CHECK_THAT(report, Contains("✓ daemon-holds-pipe daemon_stdout=null (control)  exited with 0 T ms\n"));
}

}  // namespace
}  // namespace rehang::e2e
