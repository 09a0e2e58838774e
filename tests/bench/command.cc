#include "command.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <chrono>

namespace rehang::bench {
namespace {

namespace process = boost::process::v2;
using Clock = std::chrono::steady_clock;

rusage used_by_children() {
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    return used;
}

double cpu_ms(const rusage& used) {
    const auto ms = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    return ms(used.ru_utime) + ms(used.ru_stime);
}

std::string program_of(const std::vector<std::string>& argv) {
    if (argv.front().contains('/')) return argv.front();
    return process::environment::find_executable(argv.front()).string();
}

Finished run_or_throw(const std::vector<std::string>& argv) {
    const auto start = Clock::now();
    const double cpu_before = cpu_ms(used_by_children());
    boost::asio::io_context context;
    boost::asio::readable_pipe output(context);
    const std::vector<std::string> arguments(argv.begin() + 1, argv.end());
    // The process_stdio keeps our write end of the pipe: it must go, or the end of file never comes.
    process::process child(context, program_of(argv), arguments,
                           process::process_stdio{.in = nullptr, .out = output, .err = nullptr});

    Finished finished;
    boost::system::error_code end_of_file;
    boost::asio::read(output, boost::asio::dynamic_buffer(finished.output), end_of_file);
    finished.exit = child.wait();
    finished.ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    const rusage used = used_by_children();
    finished.cpu_ms = cpu_ms(used) - cpu_before;
    finished.peak_kib = used.ru_maxrss;
    return finished;
}

}  // namespace

Expected<Finished> run(const std::vector<std::string>& argv) {
    try {
        return run_or_throw(argv);
    } catch (const boost::system::system_error& error) {
        return failure(fmt::format("can't run {}", argv.front()), error.code().value());
    }
}

}  // namespace rehang::bench
