#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>

#include <filesystem>

#include "base/names.h"
#include "cli/commands.h"
#include "cli/json_file.h"
#include "cli/load.h"
#include "cli/terminal.h"
#include "record/recorder.h"
#include "scenario/write_device.h"

namespace rehang {
namespace {

std::string plural(size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string how_it_ended(std::optional<int> status) {
    if (!status) return "was ended with the recording";
    if (WIFSIGNALED(*status)) return fmt::format("was ended by {}", signal_name(WTERMSIG(*status)));
    return fmt::format("exited with {}", WEXITSTATUS(*status));
}

ExitCode tell(const Error& error) {
    print_error(error);
    return error.kind == Error::Kind::usage ? ExitCode::broken : ExitCode::failed;
}

}  // namespace

ExitCode record_ioctl(const Arguments& arguments) {
    const std::filesystem::path device = arguments.device;
    const std::string file =
        arguments.output.empty() ? device.filename().string() + ".device.toml" : arguments.output;
    const auto number = device_number(device);
    if (!number) return tell(number.error());
    auto output = OutputFile::open(file);
    if (!output) {
        print_error(output.error());
        return ExitCode::broken;
    }
    const auto recorded = record(*number, arguments.command);
    if (!recorded) return tell(recorded.error());
    fakes::Description description = recorded->recording.description();
    description.summary = fmt::format("{}, as recorded", device.string());
    const std::string comment = fmt::format(
        "What {} answered to: {}\n"
        "Recorded by `rehang record-ioctl`. Every request can be changed by hand (docs/device-files.md).",
        device.string(), fmt::join(arguments.command, " "));
    if (auto written = output->write(write_device(description, comment)); !written)
        return tell(written.error());
    if (file == "-") return ExitCode::as_expected;
    fmt::print(stderr, "rehang: {} on {} recorded in {} ({}); the command {}\n",
               plural(recorded->recording.size(), "call"), device.string(), file,
               plural(description.requests.size(), "answer"), how_it_ended(recorded->status));
    if (recorded->recording.size() == 0) {
        fmt::print(stderr, "rehang: the command made no ioctl on {}: is it the device that it opens?\n",
                   device.string());
        return ExitCode::differs;
    }
    fmt::print(
        stderr,
        "next: a scenario with [[fake]] device = \"{}\", file = \"{}\" replays it (docs/device-files.md)\n",
        device.string(), file);
    return ExitCode::as_expected;
}

}  // namespace rehang
