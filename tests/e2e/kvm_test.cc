// Scenarios with the host's QEMU and its /dev/kvm, and what is said where they are missing.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "catalogue_files.h"
#include "catch.h"
#include "command.h"
#include "host/host.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

// Scenarios with fakes need no device.
std::vector<std::string> kvm_scenarios() {
    return scenarios_with("\"file:/dev/kvm\"");
}

// A program can be installed, so that it is missing is a failure with REHANG_MUST_RUN set; a device can't.
bool has_kvm() {
    if (const auto device = check_need("file:/dev/kvm"); !device) {
        WARN("skipped: " << device.error().what);
        return false;
    }
    if (const auto qemu = check_need("program:qemu-system-x86_64"); !qemu) {
        if (std::getenv("REHANG_MUST_RUN")) FAIL(qemu.error().what << "; " << qemu.error().hint);
        WARN("skipped: " << qemu.error().what);
        return false;
    }
    return true;
}

TEST_CASE(
    "QEMU on a KVM with faults: each scenario and its control come out as expected, the same both times") {
    if (must_skip() || !has_kvm()) return;
    const Finished result = rehang(with_files({"run", "--repeat", "2", "--json", "-"}, kvm_scenarios()));
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    const Json report = Json::parse(result.out);
    CHECK(report["runs"].size() >= 2 * 2 * 5);  // each scenario with its control
    for (const Json& run : report["runs"]) {
        INFO(run["scenario"] << " " << run["role"] << " #" << run["repeat"]);
        CHECK(run["as_expected"] == true);
        CHECK(run["proven"] == (run["outcome"] == "hung"));
        CHECK(run["notes"].empty());  // that QEMU asks whether it could install a filter is nothing to tell
    }
}

TEST_CASE("without /dev/kvm the scenarios that need it are in order, and unsupported with what helps") {
    if (must_skip()) return;
    CHECK(rehang_without({"no-devices"}, {"check", REHANG_SCENARIOS "/kvm"}).status == 0);
    const Finished result = rehang_without({"no-devices"}, with_files({"run"}, kvm_scenarios()));
    INFO(result.out << result.err);
    CHECK(result.status == 125);
    CHECK_THAT(result.out, Contains("irq-line-enxio  unsupported") &&
                               Contains("/dev/kvm is not on this host") &&
                               Contains("switch virtualisation on in the firmware"));
}

}  // namespace
}  // namespace rehang::e2e
