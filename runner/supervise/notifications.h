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
#include "supervise/system_call.h"

namespace rehang {

// What becomes of a call.
struct CallAnswer {
    bool make = true;        // the kernel makes it as if nobody had asked
    std::int64_t value = 0;  // otherwise: what it gives, -errno or a result
    // The caller gets a copy of this descriptor, and its number as the call's result.
    struct Descriptor {
        UniqueFd file;
        bool close_on_exec = true;
        // Is given the number, or -errno where none could be had, and says what the call gives instead.
        std::function<std::int64_t(std::int64_t number)> placed = nullptr;
    };
    std::optional<Descriptor> opens = std::nullopt;
};

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
    // There will be no more answers: calls that ask give ENOSYS, also those that wait already.
    void stop();

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
    // As large as this kernel's structs are (SECCOMP_GET_NOTIF_SIZES).
    std::vector<std::uint64_t> question_, response_;
};

}  // namespace rehang
