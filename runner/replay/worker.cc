#include "replay/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>

#include "base/unique_fd.h"
#include "host/host.h"
#include "replay/cores.h"
#include "replay/job.h"
#include "replay/keeper.h"
#include "replay/prepare.h"
#include "replay/run_once.h"

namespace rehang {
namespace {

// What stays warm from job to job.
struct Bench {
    elf::Files files;
    RequiredAbilities host;
    std::string prepared_for;  // file of `prepared`,
    Params prepared_with;      // and its parameters
    Prepared prepared;
};

RunReport unsupported_run(const Plan& plan, const Job& job, const Error& error) {
    RunReport report;
    report.role = plan.role;
    report.repeat = job.repeat;
    report.file = plan.file;
    report.scenario = plan.scenario;
    report.params = plan.params;
    report.outcome = Outcome::unsupported;
    report.notes = {error.what};
    if (!error.hint.empty()) report.notes.push_back(error.hint);
    report.host = host_info();
    judge(report, plan);
    report.signature = signature(report);
    return report;
}

// What is done while the targets of a run stand still.
using OnStanding = std::function<void(const Job& job, RunReport& report)>;

RunOptions options_for(const Job& job, const OnStanding& on_standing) {
    RunOptions options{.repeat = job.repeat, .keep = job.keep, .events = job.events, .on_standing = {}};
    if (job.stand || !job.core.empty())
        options.on_standing = [&](RunReport& report) { on_standing(job, report); };
    return options;
}

Expected<RunReport> run_or_unsupported(const Plan& plan, const Job& job, Bench& bench,
                                       const OnStanding& on_standing) {
    const auto possible = possible_here(plan, bench.host);
    Expected<RunReport> report = possible ? run_once(plan, bench.files, options_for(job, on_standing))
                                          : std::unexpected(possible.error());
    if (!report && report.error().kind == Error::Kind::unsupported)
        return unsupported_run(plan, job, report.error());
    return report;
}

Expected<RunReport> perform(const Job& job, Bench& bench, const OnStanding& on_standing) {
    if (bench.prepared_for != job.file || bench.prepared_with != job.set) {
        bench.prepared = prepare(job.file, {.set = job.set, .targets = job.targets, .seed = job.seed});
        bench.prepared_for = job.file;
        bench.prepared_with = job.set;
    }
    if (job.plan >= bench.prepared.plans.size())
        return std::unexpected(Error{.what = fmt::format("{} has changed since it was checked", job.file),
                                     .hint = fmt::format("rehang check {}", job.file)});
    return run_or_unsupported(bench.prepared.plans[job.plan], job, bench, on_standing);
}

void end_with(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it ended before the line above
}

// The pipes to the command move away from 0 and 1, so that nothing that runs here can read jobs or write into
// answers by accident.
UniqueFd take_over(int fd, int substitute) {
    UniqueFd taken(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    ::dup2(substitute, fd);
    return taken;
}

bool write_all(const UniqueFd& fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd.get(), text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

// The lines of a stream, read as far as needed.
class Lines {
  public:
    explicit Lines(UniqueFd fd) : stream_(::fdopen(fd.release(), "re"), &std::fclose) {}
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    ~Lines() { std::free(line_); }  // NOLINT(cppcoreguidelines-no-malloc): getline(3) allocates it

    void close() { stream_.reset(); }
    // Good until the next call; nothing at the end.
    std::optional<std::string_view> next() {
        const ssize_t length = stream_ ? ::getline(&line_, &capacity_, stream_.get()) : -1;
        if (length < 0) return std::nullopt;
        return std::string_view(line_, static_cast<size_t>(length));
    }

  private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream_;
    char* line_ = nullptr;
    size_t capacity_ = 0;
};

}  // namespace

int serve_jobs(pid_t parent) {
    end_with(parent);
    // What else the command has open is none of its workers' business: one that stays with its targets would
    // keep it open for an hour.
    ::close_range(STDERR_FILENO + 1, std::numeric_limits<unsigned>::max(), 0);
    ::setpgid(0, 0);                // Ctrl-C is for the command: it ends its workers when it has understood
    std::signal(SIGPIPE, SIG_DFL);  // the command ignores it; targets must not inherit that
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    Lines jobs(take_over(STDIN_FILENO, null.get()));
    UniqueFd answers = take_over(STDOUT_FILENO, STDERR_FILENO);
    const auto stand = [&](const Job& job, RunReport& report) {
        if (!job.core.empty()) write_cores(report, job.core);
        if (!job.stand) return;
        if (!write_all(answers, to_line(Answer{.result = report, .stage = Answer::Stage::standing}))) return;
        const auto order = jobs.next();
        if (!order || order_from_line(*order) != Order::leave) return;
        leave_the_command();
        if (!write_all(answers, to_line(Answer{.result = report, .stage = Answer::Stage::left}))) return;
        answers.reset();
        jobs.close();
        keep_alive(report);
    };

    Bench bench;
    while (const auto line = jobs.next()) {
        const auto job = job_from_line(*line);
        const Expected<RunReport> answer = job ? perform(*job, bench, stand) : std::unexpected(job.error());
        if (!write_all(answers, to_line(Answer{.result = answer}))) return 1;
    }
    return 0;
}

}  // namespace rehang
