#include "scenario/sections.h"

namespace rehang {
namespace {

constexpr std::int64_t highest_exit_status = 255;

// What [expect] and [control] have in common.
void read_result(Fields& fields, ExpectDecl& expect) {
    expect.at = fields.at();
    if (const auto outcome = fields.word("outcome", parse_expected_outcome, expected_outcome_texts()))
        expect.outcome = *outcome;
    expect.exit = fields.maybe_integer("exit", 0, highest_exit_status);
    expect.signal = fields.maybe_text("signal");
    expect.stdout_has = fields.maybe_texts("stdout");
    expect.stderr_has = fields.maybe_texts("stderr");
    expect.impossible = fields.maybe_texts("impossible");
}

ExpectThreadDecl read_expected_thread(Fields& fields) {
    ExpectThreadDecl thread;
    thread.at = fields.at();
    thread.process = fields.text("process");
    thread.thread = fields.maybe_text("thread");
    thread.waits = fields.maybe_word("waits", parse_wait_kind, wait_kind_texts());
    thread.stack = fields.maybe_texts("stack");
    return thread;
}

ExpectProcessDecl read_expected_process(Fields& fields) {
    return {.at = fields.at(), .process = fields.text("process"), .state = fields.text("state")};
}

void read_expect(Fields& fields, ExpectDecl& expect) {
    read_result(fields, expect);
    expect.cause = fields.maybe_word("cause", parse_cause, cause_texts());
    fields.each_table("thread",
                      [&](Fields& thread) { expect.threads.push_back(read_expected_thread(thread)); });
    fields.each_table("process",
                      [&](Fields& process) { expect.processes.push_back(read_expected_process(process)); });
}

ExpectForDecl read_expect_for(Fields& fields) {
    ExpectForDecl other;
    other.at = fields.at();
    other.params = fields.text_or_texts_pairs("params");
    read_expect(fields, other.expect);
    return other;
}

ControlDecl read_control(Fields& fields) {
    ControlDecl control;
    control.at = fields.at();
    fields.need_at_least_one({"drop", "set"});
    control.drop = fields.maybe_texts("drop");
    control.set = fields.maybe_text_pairs("set");
    read_result(fields, control.expect);
    return control;
}

}  // namespace

void read_expectations(Fields& root, Scenario& scenario) {
    root.required_table("expect", [&](Fields& fields) {
        read_expect(fields, scenario.expect);
        fields.each_table("for",
                          [&](Fields& other) { scenario.expect_for.push_back(read_expect_for(other)); });
    });
    root.table("control", [&](Fields& fields) { scenario.control = read_control(fields); });
}

}  // namespace rehang
