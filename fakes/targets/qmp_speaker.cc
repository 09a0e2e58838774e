// Speaks QMP: waits until a unix socket is there and listens, says commands one after the other, each when
// the one before is answered, and prints what comes back, one JSON object a line.
//
//   qmp_speaker SOCKET MILLISECONDS PIDFILE COMMAND…
//
// SOCKET has to listen within that time, as long as there is anybody who could. With a PIDFILE that is not
// "-", the server is a daemon: the time begins when the sandbox's first process, which starts the daemon, has
// ended, and whoever listens has to be the process that the file names. An answer may take as long as it
// likes, and so may the start of a daemon: if it never comes, that is a hang, and the runner's to prove. When
// not all can be said, the last line is
// {"failed": "why"}.
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "fail.h"

namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

void print(const Json& line) {
    const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace);
    printf("%s\n", text.c_str());
    fflush(stdout);
}

[[noreturn]] void give_up(const std::string& why) {
    print({{"failed", why}});
    exit(0);  // what is made of it is the runner's affair
}

// PID (COMM) STATE …, where COMM may hold anything, also brackets (proc(5)).
bool has_ended(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    std::string stat;
    std::getline(file, stat);
    const size_t name_end = stat.rfind(") ");
    return name_end == std::string::npos || strchr("ZX", stat[name_end + 2]) != nullptr;
}

// Besides the sandbox's init and this process.
bool is_anybody_else_there() {
    DIR* proc = opendir("/proc");
    if (proc == nullptr) return true;
    bool there = false;
    while (const dirent* entry = readdir(proc)) {
        const std::string pid = entry->d_name;
        const bool is_process = pid.find_first_not_of("0123456789") == std::string::npos;
        there = there || (is_process && pid != "1" && pid != std::to_string(getpid()) && !has_ended(pid));
    }
    closedir(proc);
    return there;
}

int connect_to(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) fail("the socket's path is too long");
    memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0) fail("socket");
    if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return connection;
    const int error = errno;
    close(connection);
    errno = error;
    return -1;
}

// A socket that begins to listen gives no event to wait for: it is asked again and again.
int wait_for_listener(const std::string& path, std::chrono::milliseconds limit) {
    const auto end = Clock::now() + limit;
    for (;;) {
        const bool somebody = is_anybody_else_there();
        const int connection = connect_to(path);
        if (connection >= 0) return connection;
        const std::string why = strerror(errno);
        if (errno != ENOENT && errno != ECONNREFUSED && errno != ENOTDIR) give_up("can't connect: " + why);
        if (!somebody) give_up("nobody is left who could listen at the socket");
        if (Clock::now() >= end)
            give_up("nobody listened at the socket within " + std::to_string(limit.count()) + " ms: " + why);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

// As libvirt does: who starts a daemon ends when it runs. Not by asking again and again, so that the runner
// can tell what is waited for.
void wait_until_daemonized() {
    constexpr int first_process = 2;  // after the sandbox's init
    const int starter = static_cast<int>(syscall(SYS_pidfd_open, first_process, 0));
    if (starter < 0 || getpid() == first_process) return;  // has gone, or is this one
    pollfd end = {.fd = starter, .events = POLLIN, .revents = 0};
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    close(starter);
}

// The kernel knows who called listen(2).
void check_pidfile(const std::string& path, int connection) {
    int written = 0;
    if (!(std::ifstream(path) >> written)) give_up(path + " names no process");
    ucred listener = {};
    socklen_t size = sizeof listener;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &listener, &size) != 0) fail("SO_PEERCRED");
    if (written != listener.pid)
        give_up(path + " names process " + std::to_string(written) + ", but process " +
                std::to_string(listener.pid) + " listens at the socket");
}

class Connection {
  public:
    explicit Connection(int socket) : socket_(socket) {}

    bool send_line(const std::string& text) {
        const std::string line = text + "\r\n";
        for (size_t sent = 0; sent < line.size();) {
            const ssize_t now = send(socket_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
            if (now < 0 && errno == EINTR) continue;
            if (now < 0) return false;
            sent += static_cast<size_t>(now);
        }
        return true;
    }

    // Nothing: the other side has gone.
    std::optional<Json> receive() {
        for (;;) {
            if (const size_t end = received_.find('\n'); end != std::string::npos) {
                const Json line = Json::parse(received_.substr(0, end), nullptr, false);
                received_.erase(0, end + 1);
                if (!line.is_object()) give_up("what came is no QMP");
                return line;
            }
            char buffer[65536];
            const ssize_t size = recv(socket_, buffer, sizeof buffer, 0);
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) return std::nullopt;
            received_.append(buffer, static_cast<size_t>(size));
        }
    }

    // Greeting and events come unasked; they are printed, and passed over.
    std::optional<Json> receive_answer() {
        for (;;) {
            auto line = receive();
            if (!line) return std::nullopt;
            print(*line);
            if (line->contains("return") || line->contains("error")) return line;
        }
    }

    // A QMP server says nothing else before it has greeted, and would not listen.
    bool is_greeted() {
        const auto greeting = receive();
        if (greeting) print(*greeting);
        return greeting.has_value();
    }

    // Who was told to quit closes its end.
    void wait_for_end() {
        while (const auto line = receive()) print(*line);
    }

  private:
    int socket_;
    std::string received_;
};

std::chrono::milliseconds parse_limit(std::string_view text) {
    long limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || end != text.data() + text.size()) fail("the limit is no number");
    return std::chrono::milliseconds(limit);
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int first_command = 4;
    if (argc < first_command) {
        fprintf(stderr, "usage: qmp_speaker SOCKET MILLISECONDS PIDFILE COMMAND...\n");
        return 2;
    }
    const std::string pidfile = argv[3];
    const bool daemon = pidfile != "-";
    if (daemon) wait_until_daemonized();
    const int socket = wait_for_listener(argv[1], parse_limit(argv[2]));
    if (daemon) check_pidfile(pidfile, socket);
    Connection connection(socket);
    if (!connection.is_greeted()) give_up("the other side went away before it had greeted");
    for (int i = first_command; i < argc; ++i)
        if (!connection.send_line(argv[i]) || !connection.receive_answer())
            give_up(std::string("the other side went away before it had answered ") + argv[i]);
    if (argc > first_command && strstr(argv[argc - 1], "\"quit\"")) connection.wait_for_end();
}
