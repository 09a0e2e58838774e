#include "replay/cores.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <chrono>
#include <filesystem>

#include "base/fresh_signals.h"
#include "base/unique_fd.h"
#include "host/host.h"
#include "report/looking.h"

namespace rehang {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;

// True when the program has ended in time; it is killed otherwise.
bool run_to_its_end(const Command& command, int in) {
    constexpr auto patience = std::chrono::minutes(1);
    const auto program = find_program(command.front());
    if (!program) return false;
    const std::vector<std::string> arguments(command.begin() + 1, command.end());
    asio::io_context context;
    process::process child(context, *program, arguments,
                           process::process_stdio{.in = in, .out = nullptr, .err = nullptr}, FreshSignals());
    bool ended = false;
    child.async_wait([&](const boost::system::error_code&, int) { ended = true; });
    context.run_for(patience);
    return ended;
}

std::string core_name(const std::string& path) {
    std::string name = "core." + path;
    std::ranges::replace(name, '/', '-');
    return name;
}

// gdb runs where the process is, which sees nothing of our folder: it writes through the descriptor that is
// its standard input.
Expected<CoreReport> write_core(const DiagnosedProcess& target, const std::string& folder) {
    CoreReport core{.process = target.path, .file = folder + "/" + core_name(target.path), .program = {}};
    std::error_code gone;
    core.program = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", target.pid), gone).string();
    const UniqueFd file(::open(core.file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return failure(fmt::format("can't write {}", core.file));
    struct stat written {};
    const bool ended =
        run_to_its_end(gdb_inside(target, {"-nx", "-batch", "-ex", "gcore /proc/self/fd/0"}), file.get());
    if (ended && ::fstat(file.get(), &written) == 0 && written.st_size > 0) return core;
    std::filesystem::remove(core.file, gone);
    return std::unexpected(
        Error{.what = fmt::format("no core file of {}: gdb could not write it", target.path), .hint = {}});
}

}  // namespace

void write_cores(RunReport& report, const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    try {
        for (const DiagnosedProcess* const target : processes_to_look_at(report)) {
            auto core = write_core(*target, folder);
            if (core)
                report.cores.push_back(std::move(*core));
            else
                report.notes.push_back(core.error().what);
        }
    } catch (const boost::system::system_error& e) {
        report.notes.push_back(fmt::format("no core files: can't start gdb: {}", e.what()));
    }
}

}  // namespace rehang
