// What rehang costs, next to the bare programs and to what people do without it. Prints tables; judges
// nothing.
//
//   rehang_bench --rehang PROGRAM --targets FOLDER --scenarios FOLDER --crowd PROGRAM [--repeat N]
#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "tables.h"

namespace rehang::bench {
namespace {

// A folder of our own below /tmp, gone at the end.
class ScratchFolder {
  public:
    ScratchFolder() {
        char name[] = "/tmp/rehang-bench-XXXXXX";
        REHANG_CHECK(mkdtemp(name) != nullptr);
        path_ = name;
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

Expected<void> print_all(const Where& where, int repeat) {
    const ScratchFolder folder;
    // First these two: the peak of what ran before counts as well, and gdb's is higher.
    if (auto printed = print_million(where, folder.path()); !printed) return printed;
    if (auto printed = print_memory(where, folder.path(), 25 * repeat); !printed) return printed;
    if (auto printed = print_catalogue(where, folder.path(), repeat); !printed) return printed;
    if (auto printed = print_syscall_cost(where, folder.path(), std::min(repeat, 5)); !printed)
        return printed;
    if (auto printed = print_stop_cost(where, folder.path(), std::min(repeat, 5)); !printed) return printed;
    if (auto printed = print_fault_cost(where, folder.path(), std::min(repeat, 5)); !printed) return printed;
    if (auto printed = print_program_cost(where, folder.path(), std::min(repeat, 3)); !printed)
        return printed;
    return print_diagnose_cost(where, std::min(repeat, 5));
}

}  // namespace
}  // namespace rehang::bench

int main(int argc, char** argv) {
    rehang::bench::Where where;
    int repeat = 20;
    CLI::App app("What rehang costs, in tables");
    app.add_option("--rehang", where.rehang, "The rehang program")->required()->check(CLI::ExistingFile);
    app.add_option("--targets", where.targets, "Folder of the stand-in programs")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("--scenarios", where.scenarios, "Folder of the catalogue")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("--crowd", where.crowd, "The crowd program")->required()->check(CLI::ExistingFile);
    app.add_option("--repeat", repeat, "Runs of each")->check(CLI::PositiveNumber)->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    const auto printed = rehang::bench::print_all(where, repeat);
    if (printed) return 0;
    fmt::print(stderr, "rehang_bench: {}\n", printed.error().what);
    if (!printed.error().hint.empty()) fmt::print(stderr, "  {}\n", printed.error().hint);
    return 3;
}
