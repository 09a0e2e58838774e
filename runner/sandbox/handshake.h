// What the runner and the sandbox's own processes tell each other while it is set up. A SOCK_SEQPACKET pair,
// one message a datagram; the kernel adds the sender's pid as the receiver's pid namespace knows it
// (SCM_CREDENTIALS, unix(7)), so nobody has to translate pids.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"

namespace rehang {

struct Handshake {
    UniqueFd runner;   // receives; knows the senders' pids
    UniqueFd sandbox;  // init's end, inherited by the launchers until they are ready
};
Expected<Handshake> make_handshake();

// The runner's side.
Expected<void> send_go(const UniqueFd& runner);  // the ids are mapped: init may start
struct Ready {
    std::uint32_t process = 0;  // index into Plan.processes
    pid_t pid = -1;             // in the runner's namespace
};
// The next launcher that blocks on its launch pipe; or the error that a process in the sandbox ended with.
// Blocks until either came.
Expected<Ready> receive_ready(const UniqueFd& runner);

// The sandbox's side. What can't be sent any more (the runner is gone) is not an error: the sender is about
// to be killed.
bool await_go(int sandbox);  // false: the runner is gone
void report_ready(int sandbox, std::uint32_t process);
void report_error(int sandbox, const Error& error);

}  // namespace rehang
