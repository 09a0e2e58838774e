#include <nlohmann/json.hpp>

#include "match/match_text.h"

namespace rehang {
namespace {

using Json = nlohmann::json;

Json or_null(const std::optional<std::string>& text) {
    return text ? Json(*text) : Json(nullptr);
}

Json to_json(const ThreadMatch& thread) {
    Json agreeing = Json::array();
    for (const FramePair& pair : thread.pairs)
        agreeing.push_back({{"reproduced", thread.names_reproduced[pair.a]},
                            {"seen", thread.names_seen[pair.b]},
                            {"likeness", pair.likeness == Likeness::same ? "same" : "similar"}});
    return {{"reproduced", thread.reproduced},
            {"seen", or_null(thread.seen)},
            {"origin", thread.origin},
            {"weight", thread.weight},
            {"score", thread.score},
            {"wait", {{"reproduced", to_text(thread.wait_reproduced)}, {"seen", to_text(thread.wait_seen)}}},
            {"stack", {{"reproduced", thread.names_reproduced}, {"seen", thread.names_seen}}},
            {"agreeing", agreeing}};
}

}  // namespace

Json match_json(const Comparison& comparison, const Sighting& reproduced, const Sighting& seen) {
    Json processes = Json::array(), threads = Json::array();
    for (const ProcessMatch& process : comparison.processes)
        processes.push_back({{"reproduced", process.reproduced}, {"seen", or_null(process.seen)}});
    for (const ThreadMatch& thread : comparison.threads) threads.push_back(to_json(thread));
    return {{"format", 1},
            {"same", comparison.same},
            {"score", comparison.score},
            {"thresholds", {{"total", total_threshold}, {"thread", thread_threshold}}},
            {"basis", comparison.basis == Basis::stacks ? "stacks" : "waits"},
            {"reproduced", reproduced.title},
            {"seen", seen.title},
            {"reasons", comparison.reasons},
            {"processes", processes},
            {"threads", threads},
            {"left_over", comparison.left_over}};
}

}  // namespace rehang
