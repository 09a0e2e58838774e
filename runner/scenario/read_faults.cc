#include "scenario/read_device.h"
#include "scenario/read_syscall_fault.h"
#include "scenario/references.h"
#include "scenario/sections.h"

namespace rehang {
namespace {

FaultDecl read_fault(Fields& fields, Problems& problems) {
    FaultDecl fault;
    fault.at = fields.at();
    fault.name = fields.text("name");
    fault.process = fields.text("process");
    fields.need_exactly_one({"function", "syscall"});
    if (fields.has("syscall")) {
        fields.allow({"function"});  // that both are there has been reported
        fault.call = read_syscall_fault(fields, problems);
        return fault;
    }
    fields.allow({"syscall"});
    fault.function = fields.maybe_text("function");
    fault.returns = fields.integer("return");
    return fault;
}

// A described device has the keys of its description right in the table.
void read_who_answers(Fields& fields, FakeDecl& fake, Problems& problems) {
    const bool described_here = fields.has("ioctl") || fields.has("open");
    if (!described_here) fields.need_exactly_one({"model", "file"});
    if (const auto model = fields.maybe_text("model")) fake.model = *model;
    fake.file = fields.maybe_text("file");
    if (fake.file && has_references(fake.file->value))
        problems.error(fake.file->at, "the name of a device file can't depend on parameters",
                       "a relative one is looked for beside the scenario");
    if (!described_here) return;
    if (!fake.model.value.empty() || fake.file)
        problems.error(
            fields.at(),
            "a fake has a \"model\", a \"file\" or [[fake.ioctl]] tables of its own, only one of them");
    fake.description = read_description(fields, problems);
}

FakeDecl read_fake(Fields& fields, Problems& problems) {
    FakeDecl fake;
    fake.at = fields.at();
    fake.name = fields.maybe_text("name");
    fake.process = fields.maybe_text("process");
    fake.device = fields.text("device");
    read_who_answers(fields, fake, problems);
    fake.settings = fields.maybe_text_pairs("with");
    if (!fake.settings.empty() && fake.model.value.empty())
        problems.error(fake.settings.front().first.at, "only a model has settings");
    fake.strict = fields.maybe_yes_or_no("strict").value_or(false);
    return fake;
}

}  // namespace

void read_faults(Fields& root, Scenario& scenario, Problems& problems) {
    root.each_table("fault",
                    [&](Fields& fields) { scenario.faults.push_back(read_fault(fields, problems)); });
    root.each_table("fake", [&](Fields& fields) { scenario.fakes.push_back(read_fake(fields, problems)); });
}

}  // namespace rehang
