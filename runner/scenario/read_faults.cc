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

FakeDecl read_fake(Fields& fields) {
    FakeDecl fake;
    fake.at = fields.at();
    fake.name = fields.maybe_text("name");
    fake.process = fields.maybe_text("process");
    fake.device = fields.text("device");
    fake.model = fields.text("model");
    fake.settings = fields.maybe_text_pairs("with");
    fake.strict = fields.maybe_yes_or_no("strict").value_or(false);
    return fake;
}

}  // namespace

void read_faults(Fields& root, Scenario& scenario, Problems& problems) {
    root.each_table("fault",
                    [&](Fields& fields) { scenario.faults.push_back(read_fault(fields, problems)); });
    root.each_table("fake", [&](Fields& fields) { scenario.fakes.push_back(read_fake(fields)); });
}

}  // namespace rehang
