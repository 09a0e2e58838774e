#include "example_runs.h"

namespace rehang {

RunReport good_run(const Params& params, Role role) {
    RunReport run;
    run.role = role;
    run.file = "scenarios/libc/x.toml";
    run.scenario = "x";
    run.params = params;
    run.outcome = Outcome::exited;
    run.exit = 0;
    run.as_expected = true;
    run.timings_ms.total = 10;
    return run;
}

RunReport bad_run(const Params& params, Role role) {
    RunReport run = good_run(params, role);
    run.outcome = Outcome::hung;
    run.exit.reset();
    run.cause = Cause::inherited_lock;
    run.proven = true;
    run.as_expected = false;
    run.mismatches = {"the outcome is hung, not exited"};
    run.explanation = {"the lock <tz_lock> & its owner"};
    return run;
}

RunReport unsupported_run() {
    RunReport run = good_run();
    run.outcome = Outcome::unsupported;
    run.exit.reset();
    run.as_expected = false;
    run.notes = {"there is no program jq; apt-get install jq"};
    return run;
}

}  // namespace rehang
