// The kernel's questions about system calls that wait for an answer (seccomp_unotify(2)).
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "supervise/asked_call.h"
#include "supervise/system_call.h"

namespace rehang {

// On the loop's thread. Owns the listeners.
class Notifications {
  public:
    struct Question {
        pid_t tid = 0;
        SystemCall call;
        std::function<bool()> still_asked;  // false: the caller is gone, and what was read of it is worthless
    };
    using Answerer = std::function<CallAnswer(const Question&)>;

    // Answers by `answer` whenever the kernel asks. `busy` is the descriptor of other work that must not wait
    // behind many questions.
    Notifications(boost::asio::io_context& io, Answerer answer, int busy);

    void add(UniqueFd listener);
    // Somebody waits for an answer.
    bool pending() const;
    // For whoever answers when the loop does no more.
    std::vector<int> listeners() const;

  private:
    using Listener = boost::asio::posix::stream_descriptor;

    void await(Listener& listener);
    // False if nothing was asked after all.
    bool answer_one(int listener);
    void answer_burst(int listener);

    boost::asio::io_context& io_;
    Answerer answer_;
    int busy_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    AskedCall asked_;
};

}  // namespace rehang
