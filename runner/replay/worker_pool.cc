#include "replay/worker_pool.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/writable_pipe.hpp>
#include <boost/asio/write.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <csignal>
#include <map>
#include <memory>
#include <optional>

#include "base/fresh_signals.h"
#include "base/names.h"
#include "host/host.h"

namespace rehang {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using boost::system::error_code;

// One worker process and its two pipes; busy with at most one job.
struct Worker {
    explicit Worker(asio::io_context& context)
        : jobs(context),
          answers(context),
          child(context, "/proc/self/exe", {"worker", "--parent", std::to_string(::getpid())},
                process::process_stdio{.in = jobs, .out = answers, .err = {}}) {}

    asio::writable_pipe jobs;
    asio::readable_pipe answers;
    process::process child;  // its destructor ends it by SIGKILL
    std::optional<size_t> job;
    bool leaves = false;   // was told to stay with its targets
    std::string request;   // being written
    std::string received;  // not yet a whole line
};

// As nohup(1) does it with SIGHUP, and a shell with SIGINT for what it starts in the background.
bool is_ignored(int signal) {
    struct sigaction now {};
    return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

std::string death_text(int status) {
    if (WIFSIGNALED(status))
        return fmt::format("the runner's worker died: {}", signal_name(WTERMSIG(status)));
    return fmt::format("the runner's worker died: it exited with {}", WEXITSTATUS(status));
}

constexpr size_t most_left = 8;  // trees of targets that one command leaves alive

class Pool {
  public:
    Pool(const std::vector<Job>& jobs, const PoolOptions& options) : jobs_(jobs), options_(options) {}

    PoolEnd run() {
        for (const int signal : {SIGINT, SIGTERM, SIGHUP})
            if (!is_ignored(signal)) signals_.add(signal);
        await_signal();
        tick();
        for (unsigned i = 0; i < std::max(1U, options_.workers); ++i) start_worker();
        context_.run();
        workers_.clear();
        if (end_ == PoolEnd::interrupted) tell_rest();
        return end_;
    }

  private:
    void await_signal() {
        signals_.async_wait([this](const error_code& error, int signal) {
            if (error) return;
            // A Ctrl-C in the terminal reaches the program in the foreground as well, which has a use for it.
            if (signal == SIGINT && foreground_) return await_signal();
            stop(PoolEnd::interrupted);
        });
    }

    void start_worker() {
        if (next_job_ == jobs_.size()) return;
        const auto worker = workers_.insert(workers_.end(), std::make_unique<Worker>(context_));
        read_answer(**worker);
        give_job(**worker);
    }

    // The next job, or the end of stdin when there is none: the worker ends, and its answers with it.
    void give_job(Worker& worker) {
        worker.job.reset();
        if (next_job_ == jobs_.size()) {
            error_code ignored;
            worker.jobs.close(ignored);
            return;
        }
        worker.job = next_job_++;
        worker.request = to_line(jobs_[*worker.job]);
        // A worker that can't be written to is dead; its answers end, which is seen below.
        asio::async_write(worker.jobs, asio::buffer(worker.request), [](const error_code&, size_t) {});
    }

    void read_answer(Worker& worker) {
        asio::async_read_until(worker.answers, asio::dynamic_buffer(worker.received), '\n',
                               [this, &worker](const error_code& error, size_t length) {
                                   if (error == asio::error::operation_aborted) return;  // it was left
                                   if (error) return wait_for_end(worker);
                                   take_answer(worker, length);
                               });
    }

    void take_answer(Worker& worker, size_t length) {
        auto answer = answer_from_line(std::string_view(worker.received).substr(0, length));
        worker.received.erase(0, length);
        read_answer(worker);
        if (!worker.job) return;
        if (answer.stage == Answer::Stage::standing && answer.result)
            return take_standing(worker, *answer.result);
        if (answer.stage == Answer::Stage::left && answer.result)
            return let_it_be(worker, std::move(*answer.result));
        const size_t job = *worker.job;
        give_job(worker);  // first: it works while this process tells
        finish(job, std::move(answer.result));
    }

    // Its targets stand still until it gets an order.
    void take_standing(Worker& worker, const RunReport& report) {
        const size_t job = *worker.job;
        OnStanding wanted = options_.on_standing ? options_.on_standing(job, report) : OnStanding{};
        if (wanted.run.empty()) return give_order(worker, wanted.leave);
        const std::vector<std::string> arguments(wanted.run.begin() + 1, wanted.run.end());
        foreground_.emplace(context_, find_program(wanted.run.front()).value_or(wanted.run.front()),
                            arguments, FreshSignals());
        foreground_->async_wait([this, &worker, job, leave = wanted.leave](const error_code&, int) {
            foreground_.reset();
            if (works_at(worker, job)) give_order(worker, leave);
        });
    }

    // The worker may have died, and another one may have its place in memory.
    bool works_at(const Worker& worker, size_t job) const {
        return std::ranges::any_of(workers_,
                                   [&](const auto& w) { return w.get() == &worker && w->job == job; });
    }

    void give_order(Worker& worker, bool leave) {
        const auto leaving = std::ranges::count_if(workers_, [](const auto& w) { return w->leaves; });
        worker.leaves = leave && left_.size() + static_cast<size_t>(leaving) < most_left;
        const std::string line = to_line(worker.leaves ? Order::leave : Order::end);
        error_code dead;  // which is seen where its answers end
        asio::write(worker.jobs, asio::buffer(line), dead);
    }

    // The worker is the keeper of its targets now. Not earlier than it says so: until then it would end with
    // this process, and they with it.
    void let_it_be(Worker& worker, RunReport report) {
        const size_t job = *worker.job;
        report.keeper = worker.child.id();
        worker.child.detach();
        // Its read that was begun works on its memory until it has been told that it ends.
        const auto place =
            std::ranges::find(workers_, &worker, [](const auto& w) -> const Worker* { return w.get(); });
        left_.push_back(std::move(*place));
        workers_.erase(place);
        error_code ignored;
        worker.jobs.close(ignored);
        worker.answers.close(ignored);
        start_worker();
        finish(job, std::move(report));
        if (workers_.empty() && end_ == PoolEnd::complete) context_.stop();
    }

    void wait_for_end(Worker& worker) {
        worker.child.async_wait([this, &worker](const error_code&, int) {
            const std::optional<size_t> job = worker.job;
            const int status = worker.child.native_exit_code();
            std::erase_if(workers_, [&](const auto& w) { return w.get() == &worker; });
            if (job) {
                finish(*job, std::unexpected(Error{.what = death_text(status),
                                                   .hint = "please report it as a bug in rehang"}));
                start_worker();
            }
            if (workers_.empty() && end_ == PoolEnd::complete)
                context_.stop();  // only the timer and the signals are left
        });
    }

    void finish(size_t job, Expected<RunReport> result) {
        results_.emplace(job, std::move(result));
        ++done_;
        while (end_ == PoolEnd::complete && results_.contains(told_)) {
            auto next = results_.extract(told_);
            if (!options_.on_result(told_++, std::move(next.mapped()))) stop(PoolEnd::stopped);
        }
    }

    void tell_rest() {
        for (auto& [job, result] : results_)
            if (!options_.on_result(job, std::move(result))) return;
    }

    void stop(PoolEnd end) {
        end_ = end;
        context_.stop();
    }

    void tick() {
        if (options_.on_tick && !foreground_) options_.on_tick(done_);
        timer_.expires_after(std::chrono::milliseconds(100));
        timer_.async_wait([this](const error_code& error) {
            if (!error) tick();
        });
    }

    const std::vector<Job>& jobs_;
    const PoolOptions& options_;
    asio::io_context context_{1};
    asio::signal_set signals_{context_};
    asio::steady_timer timer_{context_};
    std::vector<std::unique_ptr<Worker>> workers_;
    std::optional<process::process> foreground_;
    std::vector<std::unique_ptr<Worker>> left_;      // that stay with their targets
    std::map<size_t, Expected<RunReport>> results_;  // complete, but an earlier one is not
    size_t next_job_ = 0;
    size_t told_ = 0;
    size_t done_ = 0;
    PoolEnd end_ = PoolEnd::complete;
};

}  // namespace

Expected<PoolEnd> run_jobs(const std::vector<Job>& jobs, const PoolOptions& options) {
    if (jobs.empty()) return PoolEnd::complete;
    try {
        return Pool(jobs, options).run();
    } catch (const boost::system::system_error& e) {
        return std::unexpected(
            Error{.what = fmt::format("can't start a worker process: {}", e.what()), .hint = {}});
    }
}

}  // namespace rehang
