// What the parts of a check share: whether a text can be judged already, and where mistakes go.
#pragma once

#include <string>
#include <utility>

#include "scenario/checks.h"
#include "scenario/located.h"
#include "scenario/problems.h"
#include "scenario/references.h"

namespace rehang {

struct Judging {
    Stage stage;
    Problems& problems;

    bool known(const Text& text) const { return stage == Stage::with_params || !has_references(text.value); }
    void error(Span at, std::string message, std::string hint = {}) const {
        problems.error(at, std::move(message), std::move(hint));
    }
};

}  // namespace rehang
