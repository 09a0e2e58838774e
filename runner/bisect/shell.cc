#include "bisect/shell.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/start_dir.hpp>
#include <boost/process/v2/stdio.hpp>

#include "base/fresh_signals.h"
#include "base/unique_fd.h"

namespace rehang {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;

int status_of(int native) {
    return WIFSIGNALED(native) ? 128 + WTERMSIG(native) : WEXITSTATUS(native);
}

}  // namespace

Expected<Ended> run_and_read(const std::string& program, const std::vector<std::string>& words,
                             const std::string& log) {
    const std::string& errors = log.empty() ? "/dev/null" : log;
    const UniqueFd file(::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return failure(fmt::format("can't write {}", errors));
    try {
        const auto path = process::environment::find_executable(program);
        if (path.empty())
            return std::unexpected(Error{.kind = Error::Kind::unsupported,
                                         .what = fmt::format("there is no program {}", program),
                                         .hint = fmt::format("apt-get install {}", program)});
        asio::io_context context;
        asio::readable_pipe out(context);
        process::process child(context, path, words,
                               process::process_stdio{.in = nullptr, .out = out, .err = file.get()},
                               FreshSignals());
        Ended ended;
        boost::system::error_code at_end;
        asio::read(out, asio::dynamic_buffer(ended.out), at_end);
        child.wait();
        ended.status = status_of(child.native_exit_code());
        return ended;
    } catch (const boost::system::system_error& e) {
        return std::unexpected(Error{.what = fmt::format("can't run {}: {}", program, e.what()), .hint = {}});
    }
}

Expected<int> run_command(const std::string& command, const std::string& folder, const std::string& log) {
    const UniqueFd file(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return failure(fmt::format("can't write {}", log));
    try {
        asio::io_context context;
        process::process child(context, "/bin/sh", {"-c", command},
                               process::process_stdio{.in = nullptr, .out = file.get(), .err = file.get()},
                               process::process_start_dir(folder), FreshSignals());
        child.wait();
        return status_of(child.native_exit_code());
    } catch (const boost::system::system_error& e) {
        return std::unexpected(Error{.what = fmt::format("can't run {}: {}", command, e.what()), .hint = {}});
    }
}

}  // namespace rehang
