#include "rest.h"

#include <time.h>
#include <unistd.h>

namespace rehang {

void rest_for_ever(Rest rest) {
    constexpr timespec one_hour = {.tv_sec = 3600, .tv_nsec = 0};
    for (;;) {
        if (rest == Rest::stuck) pause();
        nanosleep(&one_hour, nullptr);
    }
}

void behind_a_child(Rest rest, const std::function<void()>& prepare, const std::function<void()>& wait,
                    std::initializer_list<int> kept, const std::function<void(const Pipe& prepared)>& child) {
    const Pipe prepared;
    if (fork() == 0) {
        if (child) child(prepared);
        prepare();
        tell(prepared.write);
        keep_only(kept);
        rest_for_ever(rest);
    }
    wait_for(prepared.read);
    keep_only(kept);
    wait();
}

}  // namespace rehang
