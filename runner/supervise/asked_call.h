// One question of the kernel about a system call that waits for an answer (seccomp_unotify(2)).
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/unique_fd.h"

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

// Memory for a question and its answer, as large as this kernel's structs are; used again for the next.
class AskedCall {
  public:
    AskedCall();

    // Waits for a question. False with errno: EINTR, or ENOENT where whoever asked is gone, or all who could.
    bool receive(int listener);
    // The last one received.
    const seccomp_notif& question() const;
    void answer(int listener, const CallAnswer& answer);

  private:
    std::vector<std::uint64_t> question_, response_;
};

}  // namespace rehang
