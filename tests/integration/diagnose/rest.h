// What the one who could end a wait does instead: for tests that look at both.
#pragma once

#include <functional>
#include <initializer_list>

#include "stuck_tree.h"

namespace rehang {

enum class Rest {
    stuck,    // waits for a signal that nobody will send
    goes_on,  // sleeps, and will go on by itself
};
[[noreturn]] void rest_for_ever(Rest rest);

// A child does `prepare` and rests; then its parent does `wait`. Both keep only these descriptors. Where the
// child has more to do than that, `child` is it, and it tells when it is prepared.
void behind_a_child(Rest rest, const std::function<void()>& prepare, const std::function<void()>& wait,
                    std::initializer_list<int> kept = {},
                    const std::function<void(const Pipe& prepared)>& child = {});

}  // namespace rehang
