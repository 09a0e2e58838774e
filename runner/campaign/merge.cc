#include "campaign/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "campaign/shard.h"

namespace rehang {
namespace {

using Json = nlohmann::json;

size_t size_of(const Json& document, const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_array() ? found->size() : 0;
}

Expected<void> is_report(const ReportFile& file) {
    const Json& document = file.document;
    if (!document.is_object() || document.value("format", Json()) != 1 || !document.contains("runs") ||
        !document["runs"].is_array())
        return misuse(fmt::format("{} is no report of rehang", file.name),
                      "reports are what `rehang run --json FILE` writes");
    return {};
}

std::optional<Shard> shard_of(const Json& document) {
    const auto found = document.find("shard");
    if (found == document.end() || !found->is_object()) return std::nullopt;
    const Json index = found->value("index", Json()), of = found->value("of", Json());
    if (!index.is_number_unsigned() || !of.is_number_unsigned()) return std::nullopt;
    return Shard{.index = index.get<size_t>(), .of = of.get<size_t>()};
}

// A report says how many runs it was to have; a job that was killed has fewer.
std::optional<std::string> broken_off(const ReportFile& file) {
    const Json planned = file.document.value("planned", Json());
    const size_t there = size_of(file.document, "runs") + size_of(file.document, "failures");
    if (!planned.is_number_unsigned() || planned.get<size_t>() <= there) return std::nullopt;
    return fmt::format("{} broke off: it has {} of its {} runs", file.name, there, planned.get<size_t>());
}

Expected<void> find_missing_shards(const std::vector<ReportFile>& files, Merged& merged) {
    std::map<size_t, std::string> there;  // by index, the file
    std::optional<size_t> of;
    for (const ReportFile& file : files) {
        const auto shard = shard_of(file.document);
        if (!shard) continue;
        if (of && *of != shard->of)
            return misuse(
                fmt::format("{} is one of {} shards, another report is one of {}", file.name, shard->of, *of),
                "merge the shards of one campaign at a time");
        of = shard->of;
        if (const auto [other, is_new] = there.emplace(shard->index, file.name); !is_new)
            return misuse(fmt::format("{} and {} are both shard {} of {}", other->second, file.name,
                                      shard->index, shard->of));
    }
    for (size_t i = 1; of && i <= *of; ++i) {
        if (there.contains(i)) continue;
        merged.missing.push_back(fmt::format("shard {} of {} is missing", i, *of));
        merged.again.insert(i);
    }
    return {};
}

// Scenarios come before their controls.
using Place = std::tuple<std::string, std::string, bool, int>;

Place place_of(const Json& run) {
    return {run.value("file", ""), run.value("params", Json::object()).dump(),
            run.value("role", "") == "control", run.value("repeat", 0)};
}

Expected<void> sort_runs(Json::array_t& runs) {
    std::vector<std::pair<Place, Json>> placed;
    try {
        for (Json& run : runs) placed.emplace_back(place_of(run), std::move(run));
    } catch (const Json::exception&) {
        return misuse("a run of these reports has no readable file, parameters, role or repetition");
    }
    std::ranges::stable_sort(placed, {}, &std::pair<Place, Json>::first);
    std::ranges::transform(placed, runs.begin(), [](auto& pair) { return std::move(pair.second); });
    return {};
}

}  // namespace

Expected<Merged> merge(std::vector<ReportFile> files) {
    for (const ReportFile& file : files)
        if (auto fine = is_report(file); !fine) return std::unexpected(fine.error());
    Merged merged{.document = {{"format", 1}, {"runs", Json::array()}}, .missing = {}, .again = {}};
    if (auto found = find_missing_shards(files, merged); !found) return std::unexpected(found.error());

    Json failures = Json::array();
    size_t planned = 0;
    for (ReportFile& file : files) {
        if (auto broken = broken_off(file)) {
            merged.missing.push_back(std::move(*broken));
            merged.again.insert(shard_of(file.document).value_or(Shard()).index);
        }
        const size_t there = size_of(file.document, "runs") + size_of(file.document, "failures");
        const Json own = file.document.value("planned", Json());
        planned += own.is_number_unsigned() ? own.get<size_t>() : there;
        merged.document["rehang"] = file.document.value("rehang", Json());
        for (Json& run : file.document["runs"]) merged.document["runs"].push_back(std::move(run));
        if (file.document.contains("failures"))
            for (Json& failure : file.document["failures"]) failures.push_back(std::move(failure));
    }
    merged.document["planned"] = planned;
    if (!failures.empty()) merged.document["failures"] = std::move(failures);
    if (auto sorted = sort_runs(merged.document["runs"].get_ref<Json::array_t&>()); !sorted)
        return std::unexpected(sorted.error());
    return merged;
}

std::string ranges_text(const std::set<size_t>& numbers) {
    std::string text;
    for (auto first = numbers.begin(); first != numbers.end();) {
        size_t last = *first;
        auto next = std::next(first);
        for (; next != numbers.end() && *next == last + 1; ++next) last = *next;
        text += fmt::format("{}{}", text.empty() ? "" : ",", *first);
        if (last != *first) text += fmt::format("-{}", last);
        first = next;
    }
    return text;
}

}  // namespace rehang
