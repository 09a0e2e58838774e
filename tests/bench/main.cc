// What rehang costs, next to the bare programs and to what people do without it. Prints tables; judges
// nothing.
//
//   rehang_bench --rehang PROGRAM --targets FOLDER --scenarios FOLDER --programs FOLDER
//                [--repeat N] [--only TABLE…]
#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <set>

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

struct Table {
    const char* name;
    Expected<void> (*print)(const Where& where, const std::string& folder, int repeat);
};

constexpr Table tables[] = {
    // First these: the peak of what ran before counts as well, and gdb's is higher.
    {"million", [](auto& where, auto& folder, int) { return print_million(where, folder); }},
    {"memory", [](auto& where, auto& folder, int n) { return print_memory(where, folder, 25 * n); }},
    {"repeat", [](auto& where, auto& folder, int n) { return print_repeat_rate(where, folder, 50 * n); }},
    {"catalogue", print_catalogue},
    {"rate", [](auto& where, auto& folder, int n) { return print_hang_rate(where, folder, 10 * n); }},
    {"syscall",
     [](auto& where, auto& folder, int n) { return print_syscall_cost(where, folder, std::min(n, 5)); }},
    {"stop", [](auto& where, auto& folder, int n) { return print_stop_cost(where, folder, std::min(n, 5)); }},
    {"fault",
     [](auto& where, auto& folder, int n) { return print_fault_cost(where, folder, std::min(n, 5)); }},
    {"program",
     [](auto& where, auto& folder, int n) { return print_program_cost(where, folder, std::min(n, 3)); }},
    {"fake", [](auto& where, auto& folder, int n) { return print_fake_cost(where, folder, std::min(n, 5)); }},
    {"probe", [](auto& where, auto&, int n) { return print_probe_cost(where, std::min(n, 10)); }},
    {"bisect", print_bisect_cost},
    {"diagnose", [](auto& where, auto&, int n) { return print_diagnose_cost(where, std::min(n, 5)); }},
};

std::vector<std::string> names_of_tables() {
    std::vector<std::string> names;
    for (const Table& table : tables) names.emplace_back(table.name);
    return names;
}

Expected<void> print_tables(const Where& where, int repeat, const std::set<std::string>& only) {
    const ScratchFolder folder;
    for (const Table& table : tables) {
        if (!only.empty() && !only.contains(table.name)) continue;
        if (auto printed = table.print(where, folder.path(), repeat); !printed) return printed;
    }
    return {};
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
    app.add_option("--programs", where.programs, "Folder of the programs that are only measured")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("--repeat", repeat, "Runs of each")->check(CLI::PositiveNumber)->capture_default_str();
    std::set<std::string> only;
    app.add_option("--only", only, "Tables to print; without it, all")
        ->check(CLI::IsMember(rehang::bench::names_of_tables()));
    CLI11_PARSE(app, argc, argv);

    const auto printed = rehang::bench::print_tables(where, repeat, only);
    if (printed) return 0;
    fmt::print(stderr, "rehang_bench: {}\n", printed.error().what);
    if (!printed.error().hint.empty()) fmt::print(stderr, "  {}\n", printed.error().hint);
    return 3;
}
