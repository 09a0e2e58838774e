// What asks the runner when nobody judges calls any more.
#pragma once

#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace rehang {

// A thread of its own has every call made that asks one of these listeners, as long as this exists: nobody
// waits for an answer that never comes. Borrows the listeners; nobody else may read from them meanwhile.
class CallsPass {
  public:
    explicit CallsPass(const std::vector<int>& listeners);
    CallsPass(const CallsPass&) = delete;
    CallsPass& operator=(const CallsPass&) = delete;
    ~CallsPass();

  private:
    UniqueFd end_;
    std::thread thread_;
};

}  // namespace rehang
