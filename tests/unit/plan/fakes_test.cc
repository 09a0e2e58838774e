#include "catch.h"
#include "plans.h"

namespace rehang::test {
namespace {

const std::string fake = "[[fake]]\ndevice = \"/dev/kvm\"\n";

TEST_CASE("a fake goes into the plan with its settings, parameters put in") {
    const Plan plan = only_plan("[params]\nerror = \"EACCES\"\n" + fake +
                                "name = \"kvm\"\nmodel = \"kvm-x86\"\nprocess = \"probe/1\"\nstrict = true\n"
                                "with = { open = \"${error}\", vcpus_max = 2 }\n");
    REQUIRE(plan.fakes.size() == 1);
    const PlannedFake& planned = plan.fakes[0];
    CHECK(planned.name == "kvm");
    CHECK(planned.device == "/dev/kvm");
    CHECK(planned.model == "kvm-x86");
    CHECK(planned.strict);
    CHECK(planned.settings ==
          std::vector<std::pair<std::string, std::string>>{{"open", "EACCES"}, {"vcpus_max", "2"}});
    CHECK(planned.is_seen_by(*ProcessPath::parse("probe/1")));
    CHECK(planned.is_seen_by(*ProcessPath::parse("probe/1/2")));
    CHECK_FALSE(planned.is_seen_by(*ProcessPath::parse("probe")));
}

TEST_CASE("a fake without a name or a process goes by its device, and all processes see it") {
    const Plan plan = only_plan(fake + "model = \"kvm-x86\"\n");
    CHECK(plan.fakes.at(0).name == "/dev/kvm");
    CHECK_FALSE(plan.fakes[0].strict);
    CHECK(plan.fakes[0].is_seen_by(*ProcessPath::parse("probe/3")));
}

TEST_CASE("a control can drop a fake") {
    const auto plans = plans_of(fake +
                                "name = \"kvm\"\nmodel = \"kvm-x86\"\n"
                                "[control]\ndrop = [\"kvm\"]\noutcome = \"exited\"\n");
    REQUIRE(plans.size() == 2);
    CHECK(plans[0].fakes.size() == 1);
    CHECK(plans[1].fakes.empty());
}

TEST_CASE("a model that does not exist is told at its place, with the nearest one") {
    const auto mistakes = mistakes_of(fake + "model = \"kvm-x68\"\n");
    REQUIRE(mistakes.size() == 1);
    CHECK_THAT(mistakes[0],
               Catch::Matchers::StartsWith("dir/x.toml:12:9: error: there is no model \"kvm-x68\"; "
                                           "did you mean \"kvm-x86\"?\n    known are: "));
}

TEST_CASE("settings that the model does not have, or whose values are wrong, are told at their places") {
    CHECK(mistakes_of(fake + "model = \"kvm-x86\"\nwith = { opne = \"EACCES\", create_vm = \"ENOMEN\" }\n") ==
          Lines{"dir/x.toml:13:10: error: unknown setting \"opne\"\n    did you mean \"open\"?",
                "dir/x.toml:13:39: error: unknown errno \"ENOMEN\"\n    did you mean \"ENOMEM\"?"});
}

TEST_CASE("a process sees one fake at a path") {
    const auto of = [](const char* process) {
        return fake + "model = \"kvm-x86\"\nprocess = \"" + process + "\"\n";
    };
    CHECK(mistakes_of(of("probe/1") + of("probe/2")).empty());
    CHECK(mistakes_of(of("probe/1") + of("probe")) ==
          Lines{"dir/x.toml:15:10: error: there is a fake /dev/kvm already, in line 11"});
}

TEST_CASE("a fault of a device is about its descriptors and its path") {
    const Plan plan = only_plan(
        "[[fault]]\nname = \"f\"\nprocess = \"probe\"\ndevice = \"/dev/kvm\"\n"
        "syscall = [\"ioctl\", \"openat\"]\nerrno = \"EIO\"\n");
    const auto& calls = plan.syscall_faults.at(0).calls;
    REQUIRE(calls.size() == 2);
    const auto& on_descriptor = std::get<DeviceCondition>(calls[0].more.at(0));
    CHECK(on_descriptor.device == "/dev/kvm");
    CHECK(on_descriptor.descriptor == 0U);
    CHECK(on_descriptor.paths.empty());
    const auto& by_path = std::get<DeviceCondition>(calls[1].more.at(0));
    CHECK_FALSE(by_path.descriptor);
    CHECK(by_path.paths == std::vector<PathCondition::Argument>{{.path = 1, .folder = 0}});
}

}  // namespace
}  // namespace rehang::test
