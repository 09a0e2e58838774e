#include "replay/job.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/json.h"

namespace rehang {
namespace {

using Json = nlohmann::json;

std::unexpected<Error> broken(std::string_view what) {
    return std::unexpected(
        Error{.what = fmt::format("the runner and its worker don't understand each other: {}", what),
              .hint = "this is a bug in rehang; please report it"});
}

Json error_json(const Error& error) {
    return {{"kind", static_cast<int>(error.kind)}, {"what", error.what}, {"hint", error.hint}};
}

const char* key_of(Answer::Stage stage) {
    switch (stage) {
        case Answer::Stage::complete:
            return "run";
        case Answer::Stage::standing:
            return "standing";
        case Answer::Stage::left:
            return "left";
    }
    return "run";
}

}  // namespace

std::string to_line(const Job& job) {
    const Json json = {{"file", job.file},  {"set", job.set},       {"targets", job.targets},
                       {"seed", job.seed},  {"plan", job.plan},     {"repeat", job.repeat},
                       {"keep", job.keep},  {"events", job.events}, {"core", job.core},
                       {"stand", job.stand}};
    return dump(json, -1) + '\n';
}

Expected<Job> job_from_line(std::string_view line) {
    try {
        const Json json = Json::parse(line);
        return Job{.file = json.at("file"),
                   .set = json.at("set"),
                   .targets = json.at("targets"),
                   .seed = json.at("seed"),
                   .plan = json.at("plan"),
                   .repeat = json.at("repeat"),
                   .keep = json.at("keep"),
                   .core = json.at("core"),
                   .events = json.at("events"),
                   .stand = json.at("stand")};
    } catch (const Json::exception& e) {
        return broken(e.what());
    }
}

std::string to_line(const Answer& answer) {
    const Json json = answer.result ? Json{{key_of(answer.stage), to_json(*answer.result)}}
                                    : Json{{"error", error_json(answer.result.error())}};
    return dump(json, -1) + '\n';
}

Answer answer_from_line(std::string_view line) {
    try {
        const Json json = Json::parse(line);
        for (const auto stage : {Answer::Stage::complete, Answer::Stage::standing, Answer::Stage::left})
            if (const auto run = json.find(key_of(stage)); run != json.end())
                return {.result = run_from_json(*run), .stage = stage};
        const Json& error = json.at("error");
        return {.result = std::unexpected(Error{.kind = static_cast<Error::Kind>(error.at("kind").get<int>()),
                                                .what = error.at("what"),
                                                .hint = error.at("hint")})};
    } catch (const Json::exception& e) {
        return {.result = broken(e.what())};
    }
}

std::string to_line(Order order) {
    return order == Order::leave ? "leave\n" : "end\n";
}

Order order_from_line(std::string_view line) {
    return line == to_line(Order::leave) ? Order::leave : Order::end;
}

}  // namespace rehang
