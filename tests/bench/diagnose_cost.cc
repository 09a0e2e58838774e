#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>

#include "command.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

namespace process = boost::process::v2;

constexpr int threads = 200, mappings = 400;

// Ends with the object.
class Crowd {
  public:
    explicit Crowd(const std::string& program)
        : output_(context_),
          child_(context_, program, {std::to_string(threads), std::to_string(mappings)},
                 process::process_stdio{.in = nullptr, .out = output_, .err = {}}) {
        std::string line;
        boost::asio::read_until(output_, boost::asio::dynamic_buffer(line), '\n');
    }
    std::string pid() const { return std::to_string(child_.id()); }

  private:
    boost::asio::io_context context_;
    boost::asio::readable_pipe output_;
    mutable process::process child_;  // its destructor ends it by SIGKILL
};

Expected<double> time_of(const std::vector<std::string>& argv, std::string_view must_say) {
    const auto finished = run(argv);
    if (!finished) return std::unexpected(finished.error());
    if (!finished->output.contains(must_say))
        return std::unexpected(
            Error{.what = fmt::format("{} did not say \"{}\"", argv.front(), must_say), .hint = {}});
    return finished->ms;
}

Expected<void> print(const Where& where, int repeat) {
    const Crowd crowd(where.programs + "/crowd");
    std::vector<double> gdb, diagnose;
    for (int i = 0; i < repeat; ++i) {
        const auto stacks =
            time_of({"gdb", "-batch", "-p", crowd.pid(), "-ex", "thread apply all bt"}, "wait_for_lock");
        if (!stacks) return std::unexpected(stacks.error());
        const auto answer = time_of({where.rehang, "diagnose", crowd.pid(), "--json", "-"}, "wait_for_lock");
        if (!answer) return std::unexpected(answer.error());
        gdb.push_back(*stacks);
        diagnose.push_back(*answer);
    }
    fmt::print("A process with {} threads and more than {} mappings, medians of {} in turns.\n\n{}\n",
               threads, mappings, repeat,
               table({"", "gdb, thread apply all bt", "rehang diagnose", "gdb / rehang"},
                     {{"whole command", fmt::format("{:.0f} ms", median(gdb)),
                       fmt::format("{:.0f} ms", median(diagnose)),
                       fmt::format("{:.1f}", median(gdb) / median(diagnose))}}));
    return {};
}

}  // namespace

Expected<void> print_diagnose_cost(const Where& where, int repeat) {
    try {
        return print(where, repeat);
    } catch (const boost::system::system_error& error) {
        return failure("can't start the process to look at", error.code().value());
    }
}

}  // namespace rehang::bench
