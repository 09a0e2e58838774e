#include "command.h"

#include <sys/wait.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/start_dir.hpp>
#include <boost/process/v2/stdio.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/files.h"
#include "catch.h"
#include "host/host.h"

namespace rehang::e2e {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;

}  // namespace

struct Running::Impl {
    Impl(const std::string& program, const std::vector<std::string>& words, const std::string& folder,
         const std::string& input)
        : out(context),
          err(context),
          child(context, program, words,
                process::process_stdio{
                    .in = boost::process::v2::filesystem::path(input), .out = out, .err = err},
                process::process_start_dir(folder.empty() ? std::filesystem::current_path().string()
                                                          : folder)) {}

    asio::io_context context;
    asio::readable_pipe out, err;
    process::process child;
    std::string out_text, err_text;
};

namespace {

// Reads both pipes to their ends at once, so that none fills up while the other is waited for.
Finished finish(Running::Impl& run) {
    const auto ignore = [](const boost::system::error_code&, size_t) {};
    if (run.out.is_open()) asio::async_read(run.out, asio::dynamic_buffer(run.out_text), ignore);
    asio::async_read(run.err, asio::dynamic_buffer(run.err_text), ignore);
    run.context.run();
    run.child.wait();
    const int status = run.child.native_exit_code();
    return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            .out = std::move(run.out_text),
            .err = std::move(run.err_text)};
}

}  // namespace

Running::Running(const std::vector<std::string>& words, const std::string& folder, const std::string& input)
    : impl_(std::make_unique<Impl>(REHANG_PROGRAM, words, folder, input)) {}

Running::~Running() = default;

std::string Running::read_line() {
    const size_t length = asio::read_until(impl_->out, asio::dynamic_buffer(impl_->out_text), '\n');
    const std::string line = impl_->out_text.substr(0, length);
    impl_->out_text.erase(0, length);
    return line;
}

void Running::close_stdout() {
    impl_->out.close();
}

void Running::send(int signal) {
    REQUIRE(::kill(impl_->child.id(), signal) == 0);
}

std::vector<int> Running::children() const {
    const int pid = this->pid();
    std::istringstream text(
        read_file_or_empty("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children"));
    std::vector<int> pids;
    for (int child = 0; text >> child;) pids.push_back(child);
    return pids;
}

int Running::pid() const {
    return impl_->child.id();
}

Finished Running::wait() {
    return finish(*impl_);
}

Finished rehang(const std::vector<std::string>& words, const std::string& folder, const std::string& input) {
    Running::Impl run(REHANG_PROGRAM, words, folder, input);
    return finish(run);
}

Finished run_program(const std::string& program, const std::vector<std::string>& words) {
    Running::Impl run(program, words, {}, "/dev/null");
    return finish(run);
}

Finished rehang_without(const std::vector<std::string>& handicaps, const std::vector<std::string>& words) {
    std::vector<std::string> all = handicaps;
    all.insert(all.end(), {"--", REHANG_PROGRAM});
    all.insert(all.end(), words.begin(), words.end());
    return run_program(REHANG_HANDICAP, all);
}

SanitizerOptions::SanitizerOptions(const std::string& options) {
    if (const char* set = std::getenv("ASAN_OPTIONS")) before_ = set;
    const std::string all = before_.empty() ? options : before_ + ":" + options;
    REQUIRE(::setenv("ASAN_OPTIONS", all.c_str(), 1) == 0);
}

SanitizerOptions::~SanitizerOptions() {
    ::setenv("ASAN_OPTIONS", before_.c_str(), 1);  // empty is the same as none
}

Folder::Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "rehang-e2e-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string Folder::file(const std::string& name, std::string_view content) const {
    const auto path = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
    return path.string();
}

bool must_skip() {
    const auto host = require_host();
    if (host) return false;
    if (std::getenv("REHANG_MUST_RUN")) FAIL("this host can't run scenarios: " << host.error().what);
    WARN("skipped, this host can't run scenarios: " << host.error().what);
    return true;
}

bool lacks(const std::vector<std::string>& needs) {
    for (const std::string& need : needs) {
        const auto there = check_need(need);
        if (there) continue;
        if (std::getenv("REHANG_MUST_RUN")) FAIL(there.error().what << "; " << there.error().hint);
        WARN("skipped: " << there.error().what);
        return true;
    }
    return false;
}

}  // namespace rehang::e2e
