#include "sandbox/handshake.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace rehang {

namespace {

constexpr size_t longest_message = 4096;
// The first byte of a message from the sandbox. After `ready`: the index, 4 bytes. After the others: what, a
// zero byte, the hint.
constexpr char ready = 'r';
constexpr char failed = 'f';
constexpr char cannot = 'u';

void send_message(int socket, const std::string& message) {
    static_cast<void>(
        !::send(socket, message.data(), std::min(message.size(), longest_message), MSG_NOSIGNAL));
}

struct Received {
    std::string text;
    pid_t sender = -1;
};

Expected<Received> receive_message(const UniqueFd& runner) {
    std::array<char, longest_message> buffer;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ssize_t size = 0;
    do {
        size = ::recvmsg(runner.get(), &header, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    if (size < 0) return failure("can't hear from the sandbox");

    Received received{.text = std::string(buffer.data(), static_cast<size_t>(size))};
    const cmsghdr* credentials = CMSG_FIRSTHDR(&header);
    if (credentials != nullptr && credentials->cmsg_type == SCM_CREDENTIALS) {
        ucred sender{};
        std::memcpy(&sender, CMSG_DATA(credentials), sizeof sender);
        received.sender = sender.pid;
    }
    return received;
}

Error error_in(const std::string& message) {
    const size_t end_of_what = std::min(message.find('\0'), message.size());
    return {.kind = message[0] == cannot ? Error::Kind::unsupported : Error::Kind::failed,
            .what = message.substr(1, end_of_what - 1),
            .hint = end_of_what < message.size() ? message.substr(end_of_what + 1) : std::string()};
}

}  // namespace

Expected<Handshake> make_handshake() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return failure("can't make a socket pair");
    Handshake handshake{.runner = UniqueFd(ends[0]), .sandbox = UniqueFd(ends[1])};
    const int on = 1;
    if (::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
        return failure("can't ask for the senders' pids");
    return handshake;
}

Expected<void> send_go(const UniqueFd& runner) {
    if (::send(runner.get(), "g", 1, MSG_NOSIGNAL) != 1) return failure("the sandbox's init ended early");
    return {};
}

Expected<Ready> receive_ready(const UniqueFd& runner) {
    const auto message = receive_message(runner);
    if (!message) return std::unexpected(message.error());
    if (message->text.empty())
        return std::unexpected(Error{.what = "the sandbox's processes ended while it was set up",
                                     .hint = "see the kernel's log for killed processes: sudo dmesg"});
    if (message->text[0] != ready) return std::unexpected(error_in(message->text));
    Ready process{.process = 0, .pid = message->sender};
    REHANG_CHECK(message->text.size() == 1 + sizeof process.process);
    std::memcpy(&process.process, message->text.data() + 1, sizeof process.process);
    return process;
}

bool await_go(int sandbox) {
    char byte = 0;
    ssize_t size = 0;
    do {
        size = ::recv(sandbox, &byte, 1, 0);
    } while (size < 0 && errno == EINTR);
    // The byte may have been sent by a runner that was gone before it arrived.
    pollfd end{.fd = sandbox, .events = 0, .revents = 0};
    return size == 1 && ::poll(&end, 1, 0) == 0;
}

void report_ready(int sandbox, std::uint32_t process) {
    std::string message(1 + sizeof process, ready);
    std::memcpy(message.data() + 1, &process, sizeof process);
    send_message(sandbox, message);
}

void report_error(int sandbox, const Error& error) {
    const char kind = error.kind == Error::Kind::unsupported ? cannot : failed;
    send_message(sandbox, kind + error.what + '\0' + error.hint);
}

}  // namespace rehang
