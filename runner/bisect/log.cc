#include "bisect/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace rehang {
namespace {

using Json = nlohmann::json;

std::string line_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::optional<Question> question_in(const Json& json) {
    try {
        return Question{.scenario = json.at("scenario"),
                        .param = json.at("param"),
                        .find = json.at("find"),
                        .versions = json.at("versions"),
                        .good = json.at("good"),
                        .bad = json.at("bad")};
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

std::optional<LoggedVersion> version_in(const Json& json) {
    try {
        LoggedVersion version{.version = json.at("version"),
                              .judgement = {},
                              .text = json.at("text"),
                              .signature = json.at("signature")};
        const std::string word = json.at("judgement");
        for (const Judgement judgement : {Judgement::absent, Judgement::present, Judgement::unknown}) {
            if (to_text(judgement) != word) continue;
            version.judgement = judgement;
            return version;
        }
    } catch (const Json::exception&) {
    }
    return std::nullopt;
}

}  // namespace

std::string to_line(const Question& question) {
    return line_of({{"scenario", question.scenario},
                    {"param", question.param},
                    {"find", question.find},
                    {"versions", question.versions},
                    {"good", question.good},
                    {"bad", question.bad}});
}

std::string to_line(const LoggedVersion& version) {
    return line_of({{"version", version.version},
                    {"judgement", to_text(version.judgement)},
                    {"text", version.text},
                    {"signature", version.signature}});
}

Expected<std::vector<LoggedVersion>> read_log(std::string_view text, std::string_view name,
                                              const Question& question) {
    size_t number = 0;
    const auto wrong = [&](std::string_view what) {
        return std::unexpected(Error{.kind = Error::Kind::usage,
                                     .what = fmt::format("{}:{}: {}", name, number, what),
                                     .hint = "move the file away to begin anew; nothing in it was changed"});
    };
    std::vector<LoggedVersion> versions;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = text.find('\n', begin);
        if (end == std::string_view::npos) break;
        const Json json = Json::parse(text.substr(begin, end - begin), nullptr, false);
        begin = end + 1;
        if (++number == 1) {
            const auto asked = json.is_object() ? question_in(json) : std::nullopt;
            if (!asked) return wrong("this is no log of a bisect");
            if (*asked != question)
                return wrong("this is the log of another bisect: its scenario, parameter, versions, --good, --bad or "
                             "--find are others");
            continue;
        }
        auto version = json.is_object() ? version_in(json) : std::nullopt;
        if (!version) return wrong("this is no line of a bisect's log");
        if (std::ranges::find(question.versions, version->version) == question.versions.end())
            return wrong(fmt::format("there is no version {}", version->version));
        versions.push_back(std::move(*version));
    }
    return versions;
}

}  // namespace rehang
