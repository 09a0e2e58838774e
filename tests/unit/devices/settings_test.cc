#include "devices/kvm/settings.h"
#include "catch.h"
#include "devices/models.h"

using namespace rehang::fakes;
using kvm::Architecture;

TEST_CASE("both architectures' KVM can be faked, and nothing that has no name") {
    CHECK(model_names() == std::vector<std::string>{"kvm-x86", "kvm-arm64"});
    for (const std::string& name : model_names()) {
        CHECK(check_settings(name, {}).empty());
        CHECK(make_device(name, {}));
    }
    CHECK_FALSE(make_device("kvm", {}));
}

TEST_CASE("settings that are right have no problem") {
    const Settings common = {{"open", "EACCES"},    {"create_vm", "ENOMEM"},
                             {"irq_line", "ENXIO"}, {"irq_line_after", "10"},
                             {"vcpus_max", "2"},    {"mmio_writes", "0x10:0x1, 16:2"}};
    CHECK(check_settings("kvm-x86", common).empty());
    CHECK(check_settings("kvm-arm64", common).empty());
    for (const char* gic : {"v2", "v3", "v2+v3", "none", "v2-hollow"})
        CHECK(check_settings("kvm-arm64", {{"gic", gic}}).empty());
    CHECK(check_settings("kvm-arm64", {{"pmu", "false"}, {"pmu_irq", "EINVAL"}, {"pmu_init", "ENODEV"}})
              .empty());
}

TEST_CASE("a setting's name that is wrong is told, with the one that was meant") {
    const auto problems = check_settings("kvm-arm64", {{"pmu", "true"}, {"gci", "v2"}});
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].setting == 1);
    CHECK(problems[0].of_name);
    CHECK(problems[0].message == "unknown setting \"gci\"");
    CHECK(problems[0].hint == "did you mean \"gic\"?");
}

TEST_CASE("x86 has neither a GIC nor the PMU's settings") {
    for (const char* name : {"gic", "pmu", "pmu_irq", "pmu_init"}) {
        const auto problems = check_settings("kvm-x86", {{name, "v2"}});
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].of_name);
        CHECK(problems[0].hint == "only kvm-arm64 has it");
    }
}

TEST_CASE("a setting's value that is wrong is told") {
    const auto only = [](const char* name, const char* value) {
        const auto problems = check_settings("kvm-arm64", {{name, value}});
        REQUIRE(problems.size() == 1);
        CHECK_FALSE(problems[0].of_name);
        return problems[0];
    };
    CHECK(only("gic", "v4").message == "unknown gic \"v4\"");
    CHECK(only("gic", "v2-holow").hint == "did you mean \"v2-hollow\"?");
    CHECK(only("pmu", "no").message == "\"no\" is neither true nor false");
    CHECK(only("pmu_irq", "EINVALID").hint == "did you mean \"EINVAL\"?");
    CHECK(only("irq_line", "6").message == "unknown errno \"6\"");
    CHECK(only("vcpus_max", "0").message == "\"0\" is no number from 1 to 512");
    CHECK(only("vcpus_max", "513").message == "\"513\" is no number from 1 to 512");
    CHECK(only("vcpus_max", "").message == "\"\" is no number from 1 to 512");
    CHECK(only("mmio_writes", "0x10").message == "\"0x10\" is no ADDRESS:VALUE");
    CHECK(only("mmio_writes", "0x10:1,,").message == "\"\" is no ADDRESS:VALUE");
    CHECK(only("mmio_writes", "0x10:0x100000000").message == "\"0x10:0x100000000\" is no ADDRESS:VALUE");
}

TEST_CASE("after how many interrupts the lines fail says nothing if they do not fail") {
    const auto problems = check_settings("kvm-x86", {{"irq_line_after", "1"}});
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].message == "\"irq_line_after\" says nothing without \"irq_line\"");
    CHECK(check_settings("kvm-x86", {{"irq_line_after", "1"}, {"irq_line", "ENXIO"}}).empty());
}

TEST_CASE("MMIO writes are read in order") {
    const auto settings =
        kvm::kvm_settings(Architecture::arm64, {{"mmio_writes", " 0x09000030:0x301 , 4096:7 "}});
    CHECK(settings.mmio_writes == std::vector<kvm::MmioWrite>{{.address = 0x09000030, .value = 0x301},
                                                              {.address = 4096, .value = 7}});
}
