// Work on a thread of its own that is really gone afterwards.
#pragma once

#include <functional>

namespace rehang {

// Runs `work` to its end on a new thread, and returns when the kernel has ended that thread: whatever it
// traced is no longer traced then (ptrace(2): "If the tracer dies, all tracees are automatically detached").
void on_own_thread(const std::function<void()>& work);

}  // namespace rehang
