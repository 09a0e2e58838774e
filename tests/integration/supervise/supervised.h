// Runs of one target under the supervisor, without a sandbox around them.
#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "supervise/supervisor.h"

namespace rehang::test {

// Never proves anything; remembers what it was told.
class Listener : public Watcher {
  public:
    Look look() override { return answer; }
    void forked(const TrackedProcess& parent, pid_t, const TrackedProcess& child) override {
        forks.push_back(parent.path.text() + ">" + child.path.text());
    }
    void giving_up(size_t hold, const std::string&, bool) override { given_up.push_back(hold); }
    std::vector<pid_t> running() const override { return is_restless() ? restless : std::vector<pid_t>(); }
    void stepping_begins(const std::vector<pid_t>& tids, size_t most_steps) override {
        stepped = tids;
        steps_left = most_steps;
    }
    bool stands(pid_t, const user_regs_struct& registers) override {
        seen.push_back(registers.rip);
        if (steps_left > 0) return steps_left-- > 0;
        ::kill(stepped.front(), SIGUSR2);  // it has worked enough
        return false;
    }

    std::vector<pid_t> restless;  // threads to be seen step by step, and since when
    std::function<bool()> is_restless = [] { return true; };
    std::vector<pid_t> stepped;  // those that were, and where they stood
    std::vector<std::uint64_t> seen;
    size_t steps_left = 0;
    Look answer = Look::moving;
    std::vector<std::string> forks;
    std::vector<size_t> given_up;
};

// Blocked before its execve, with the plan's filter, which asks a listener if it can.
ReadyProcess launch(const Plan& plan, bool can_notify = true);

// Of the test's target: process "p", with what it is asked to do and what that needs.
Plan plan_of(std::string mode, std::vector<std::string> arguments = {});
PlannedPoint point(std::string name, const char* process, const char* thread, PointEvent event,
                   unsigned nth = 1);
PlannedPoint enters(const char* name, const char* thread, const char* symbol);
PlannedHold hold(size_t at, size_t until, std::chrono::milliseconds limit = std::chrono::seconds(30));

// A supervised run with what it left to ask about.
struct Run {
    // The target may be restless once it has reached its first point.
    explicit Run(Plan the_plan, bool restless = false, bool can_notify = true)
        : plan(std::move(the_plan)), supervisor(plan, files, listener) {
        std::vector<ReadyProcess> ready;
        ready.push_back(launch(plan, can_notify));
        root = ready[0].pid;
        if (restless) {
            listener.restless = {root};
            listener.is_restless = [this] { return reached(0); };
        }
        result.emplace(supervisor.run(std::move(ready), 0));
    }
    ~Run() {
        for (const TrackedProcess& process : supervisor.tracing().tree().processes())
            if (!process.ended()) ::kill(process.pid, SIGKILL);
        if (!supervisor.drain(std::chrono::seconds(30))) FAIL_CHECK("something was left behind");
    }
    std::string out() { return (*result)->output.at("p").first.text; }
    int status() {
        return supervisor.tracing().tree().find(*ProcessPath::parse("p"))->exit_status.value_or(-1);
    }
    const FaultState& fault(size_t index) { return supervisor.tracing().injector().faults()[index]; }
    bool reached(size_t point) { return supervisor.tracing().director().points()[point].reached.has_value(); }

    Plan plan;
    elf::Files files;
    Listener listener;
    Supervisor supervisor;
    pid_t root = 0;
    std::optional<Expected<Supervision>> result;
};

}  // namespace rehang::test
