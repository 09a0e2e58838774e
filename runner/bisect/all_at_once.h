// Several questions asked at the same time, because each takes long: a build, a download.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <vector>

#include "base/error.h"

namespace rehang {

// Called again and again, on the caller's thread, while something takes its time.
using Tick = std::function<void()>;

// Each question in a thread of its own. The answers in the order of the questions; or, when all have been
// given, the first error.
template <class Answer, class Question>
Expected<std::vector<Answer>> all_at_once(const std::vector<Question>& questions,
                                          const std::function<Expected<Answer>(const Question&)>& ask,
                                          const Tick& tick) {
    constexpr auto between_ticks = std::chrono::milliseconds(200);
    std::vector<std::future<Expected<Answer>>> going_on;
    for (const Question& question : questions)
        going_on.push_back(std::async(std::launch::async, ask, std::cref(question)));
    std::vector<Answer> answers;
    Expected<void> failed;
    for (auto& one : going_on) {
        while (one.wait_for(between_ticks) != std::future_status::ready) tick();
        auto answer = one.get();
        if (answer)
            answers.push_back(std::move(*answer));
        else if (failed)
            failed = std::unexpected(answer.error());
    }
    if (!failed) return std::unexpected(failed.error());
    return answers;
}

}  // namespace rehang
