#include "scenario/read_syscall_fault.h"
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

// Nothing else is judged in tables that this version can't carry out: their keys belong to a later one. They
// are errors all the same, because a run without them would not be the run that the scenario describes.
FakeDecl read_fake(Fields& fields, Problems& problems) {
    fields.allow_everything();
    problems.error(fields.at(), "fakes are not supported yet in this version");
    FakeDecl fake;
    fake.at = fields.at();
    fake.name = fields.maybe_text("name");
    fake.device = fields.maybe_text("device").value_or(Text{{}, fields.at()});
    fake.model = fields.maybe_text("model");
    return fake;
}

}  // namespace

void read_faults(Fields& root, Scenario& scenario, Problems& problems) {
    root.each_table("fault",
                    [&](Fields& fields) { scenario.faults.push_back(read_fault(fields, problems)); });
    root.each_table("fake", [&](Fields& fields) { scenario.fakes.push_back(read_fake(fields, problems)); });
}

}  // namespace rehang
