#include "scenario/sections.h"

namespace rehang {
namespace {

// Nothing else is judged in tables that this version can't carry out: their keys belong to a later one. They
// are errors all the same, because a run without them would not be the run that the scenario describes.
FaultDecl read_fault(Fields& fields, Problems& problems) {
    FaultDecl fault;
    fault.at = fields.at();
    if (fields.has("syscall")) {
        fields.allow_everything();
        fault.name = fields.maybe_text("name").value_or(Text{{}, fields.at()});
        fault.syscall = fields.maybe_text("syscall");
        problems.error(fields.at(), "system call faults are not supported yet in this version",
                       "function faults are: function = \"MODULE!SYMBOL\" with return = NUMBER");
        return fault;
    }
    fields.allow({"syscall"});
    fault.name = fields.text("name");
    fault.process = fields.text("process");
    fault.function = fields.text("function");
    fault.returns = fields.integer("return");
    return fault;
}

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
