#include "cli/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/suggest.h"
#include "cli/paths.h"
#include "replay/host_libraries.h"

namespace rehang {
namespace {

namespace fs = std::filesystem;

// A word that is no path: the scenario of that name in the catalogue.
Expected<std::vector<std::string>> from_catalogue(const std::string& word) {
    const auto files = scenarios_in(catalogue_folder());
    std::vector<std::string> names;
    for (const std::string& file : files.value_or(std::vector<std::string>())) {
        names.push_back(fs::path(file).stem().string());
        if (names.back() == word) return std::vector{file};
    }
    return misuse(fmt::format("there is no scenario \"{}\"{}", word, did_you_mean(word, names)),
                  "`rehang list` shows the catalogue; a path of your own works, too");
}

Expected<std::vector<std::string>> scenario_files(const std::string& word) {
    std::error_code error;
    if (fs::is_directory(word, error)) return scenarios_in(word);
    if (fs::exists(word, error)) return std::vector{word};
    if (!word.contains('/') && !word.ends_with(".toml")) return from_catalogue(word);
    return misuse(fmt::format("there is no file {}", word),
                  "`rehang list` shows the scenarios that came with rehang");
}

Expected<Params> parse_set(const std::vector<std::string>& assignments) {
    Params params;
    for (const std::string& assignment : assignments) {
        const size_t equals = assignment.find('=');
        if (equals == 0 || equals == std::string::npos)
            return misuse(fmt::format("--set wants K=V, not \"{}\"", assignment),
                          "example: --set tcmalloc=libtcmalloc.so.4");
        params[assignment.substr(0, equals)] = assignment.substr(equals + 1);
    }
    return params;
}

// "K=a,b": the name and its values; none of them may be empty.
Expected<std::pair<std::string, std::vector<std::string>>> parse_axis(const std::string& text) {
    const size_t equals = text.find('=');
    std::vector<std::string> values;
    for (size_t at = equals; at != std::string::npos;) {
        const size_t comma = text.find(',', at + 1);
        values.push_back(text.substr(at + 1, comma == std::string::npos ? comma : comma - at - 1));
        at = comma;
    }
    if (equals == 0 || values.empty() || std::ranges::find(values, "") != values.end())
        return misuse(fmt::format("--matrix wants K=A,B,…, not \"{}\"", text),
                      "example: --matrix tcmalloc=libtcmalloc.so.4,libtcmalloc_minimal.so.4");
    return std::pair(text.substr(0, equals), values);
}

// What --set gives, with every combination of what --matrix gives; its first axis turns slowest.
Expected<std::vector<Params>> combinations(const Arguments& arguments) {
    const auto set = parse_set(arguments.set);
    if (!set) return std::unexpected(set.error());
    std::vector<Params> all = {*set};
    for (const std::string& text : arguments.matrix) {
        const auto axis = parse_axis(text);
        if (!axis) return std::unexpected(axis.error());
        if (all.front().contains(axis->first))
            return misuse(fmt::format("the parameter {} is given twice", axis->first),
                          "once by --set or --matrix is enough: --matrix K=A,B");
        std::vector<Params> longer;
        for (const Params& params : all)
            for (const std::string& value : axis->second) {
                longer.push_back(params);
                longer.back()[axis->first] = value;
            }
        all = std::move(longer);
    }
    return all;
}

// The same mistake may come with every combination of --matrix.
void print_diagnostics(const Diagnostics& diagnostics, std::set<std::string>& printed) {
    for (const Diagnostic& diagnostic : diagnostics) {
        std::string text = format(diagnostic);
        if (!text.ends_with('\n')) text += '\n';
        if (printed.insert(text).second) fmt::print(stderr, "{}", text);
    }
}

}  // namespace

void print_error(const Error& error) {
    fmt::print(stderr, "rehang: {}\n", error.what);
    if (!error.hint.empty()) fmt::print(stderr, "  {}\n", error.hint);
}

namespace {

// What describes a device for scenarios (docs/device-files.md) is none.
bool is_scenario(const fs::path& file) {
    return file.extension() == ".toml" && file.stem().extension() != ".device";
}

}  // namespace

Expected<std::vector<std::string>> scenarios_in(const std::string& folder) {
    std::vector<std::string> files;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
        if (is_scenario(entry->path()) && entry->is_regular_file(error))
            files.push_back(entry->path().string());
    if (error) return misuse(fmt::format("can't read the folder {}: {}", folder, error.message()), "");
    if (files.empty()) return misuse(fmt::format("there are no scenarios (*.toml) in {}", folder), "");
    std::ranges::sort(files);
    return files;
}

LoadedScenarios load_scenarios(const Arguments& arguments) {
    LoadedScenarios loaded;
    const auto sets = combinations(arguments);
    if (!sets) {
        print_error(sets.error());
        loaded.broken = true;
    }
    elf::Files elf_files;
    const HostLibraries libraries(elf_files);
    std::set<std::string> printed;
    const auto load = [&](const std::string& file, const Params& set) {
        LoadedScenario scenario = {
            .file = file,
            .set = set,
            .prepared = prepare(file, {.set = set, .targets = targets_folder(), .seed = arguments.seed})};
        check_symbols_of(scenario.prepared, libraries);
        print_diagnostics(scenario.prepared.diagnostics, printed);
        loaded.broken = loaded.broken || has_errors(scenario.prepared.diagnostics);
        loaded.scenarios.push_back(std::move(scenario));
    };
    for (const std::string& word : arguments.scenarios) {
        const auto files = scenario_files(word);
        if (!files) {
            print_error(files.error());
            loaded.broken = true;
            continue;
        }
        for (const std::string& file : *files)
            for (const Params& set : sets.value_or(std::vector<Params>(1))) load(file, set);
    }
    return loaded;
}

}  // namespace rehang
