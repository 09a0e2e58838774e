// Makes the system calls that its arguments name, and says what came out. Static: nothing of a loader's is
// counted.
//   faults_target calls N             N times getppid: how many of each result
//   faults_target threads N           the same in two threads at once, N each
//   faults_target forever N           calls in N threads, without an end
//   faults_target leave N             the same, but the first thread makes 100 calls and ends the process
//   faults_target children N          N children, one after the other, that make 30 calls each, while their
//                                     parent calls until it has waited for them
//   faults_target print              another thread prints "go", and getppid
//   faults_target storm N restart|-   the same, while a timer's signal comes every 300 us
//   faults_target write FILE          8 bytes, four times: what each write gave; then the file
//   faults_target read                16 bytes of /dev/zero: what it gave, what is in the buffer
//   faults_target fork                a child that makes 3 calls, then 3 calls
//   faults_target pipe                8 bytes through a pipe: what write and read gave, what was read, what
//   was
//                                     written; the same of a read that fails
//   faults_target constant            the same with a text that is a constant
//   faults_target parents syscall|int80
//                                     twice the parent's pid, or "own" where it is the caller's
//   faults_target exit                getppid, then an exit by its result
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>

namespace {

long call() {
    const long result = ::syscall(SYS_getppid);
    return result < 0 ? -errno : 1;  // 1: the real one
}

std::map<long, long> calls(long count) {
    std::map<long, long> results;
    for (long i = 0; i < count; ++i) ++results[call()];
    return results;
}

void show(const std::map<long, long>& results) {
    for (const auto& [result, count] : results)
        std::printf("%s:%ld ", result == 1 ? "real" : ::strerrorname_np(static_cast<int>(-result)), count);
    std::fflush(stdout);
}

void call_in_threads(long count) {
    for (long i = 0; i < count; ++i)
        std::thread([] {
            for (;;) call();
        }).detach();
}

long call_until_children_end(long count) {
    long ended = 0;
    for (long i = 0; i < count; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            calls(30);
            ::_exit(0);
        }
        while (::waitpid(child, nullptr, WNOHANG) == 0) call();
        ++ended;
    }
    return ended;
}

void storm(bool restart) {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = restart ? SA_RESTART : 0;
    ::sigaction(SIGALRM, &action, nullptr);
    constexpr itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 300},
                              .it_value = {.tv_sec = 0, .tv_usec = 300}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
}

void write_file(const char* path) {
    const int file = ::open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    for (int i = 0; i < 4; ++i) {
        const ssize_t written = ::write(file, "12345678", 8);
        std::printf("%zd ", written < 0 ? -errno : written);
    }
    char content[64] = {};
    std::printf("%s", ::pread(file, content, sizeof content - 1, 0) >= 0 ? content : "?");
}

void read_zeros() {
    char buffer[17] = "................";
    const int file = ::open("/dev/zero", O_RDONLY);
    const ssize_t size = ::read(file, buffer, 16);
    std::printf("%zd ", size < 0 ? -errno : size);
    for (int i = 0; i < 16; ++i) std::putchar(buffer[i] == 0 ? '0' : buffer[i]);
}

void through_pipe(char* text) {
    int ends[2] = {};
    char buffer[9] = "........";
    if (::pipe(ends) != 0) return;
    const ssize_t written = ::write(ends[1], text, 8);
    const ssize_t size = ::read(ends[0], buffer, 8);
    std::printf("%zd %zd %s %s ", written, size, buffer, text);
    std::strcpy(buffer, "........");
    std::printf("%d %s", ::read(-1, buffer, 8) < 0 ? -errno : 0, buffer);
}

// As 32-bit programs call.
long parent_by_int80() {
    constexpr long number = 64;
    long result = 0;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory", "cc", "r8", "r9", "r10", "r11");
    return result;
}

void parents(bool int80) {
    for (int i = 0; i < 2; ++i) {
        const long parent = int80 ? parent_by_int80() : ::syscall(SYS_getppid);
        std::printf("%s ", parent == ::getpid() ? "own" : parent > 0 ? "parent" : "none");
    }
}

}  // namespace

int main(int count, char** arguments) {
    const std::string mode = count > 1 ? arguments[1] : "";
    const long times = count > 2 ? std::atol(arguments[2]) : 0;
    if (mode == "calls") show(calls(times));
    if (mode == "threads") {
        std::map<long, long> others;
        std::thread other([&] { others = calls(times); });
        const auto mine = calls(times);
        other.join();
        show(mine);
        std::printf("| ");
        show(others);
    }
    if (mode == "forever") {
        call_in_threads(times - 1);
        for (;;) call();
    }
    if (mode == "leave") {
        call_in_threads(times);
        calls(100);
        ::_exit(5);
    }
    if (mode == "children") std::printf("%ld", call_until_children_end(times));
    if (mode == "print") {
        std::thread([] {
            static_cast<void>(!::write(1, "go\n", 3));
            ::pause();  // nothing of it is to be seen from here on
        }).detach();
        call();
    }
    if (mode == "storm") {
        storm(std::strcmp(arguments[3], "restart") == 0);
        show(calls(times));
    }
    if (mode == "write") write_file(arguments[2]);
    if (mode == "read") read_zeros();
    if (mode == "pipe") {
        char text[] = "12345678";
        through_pipe(text);
    }
    if (mode == "constant") through_pipe(const_cast<char*>("12345678"));
    if (mode == "parents") parents(std::strcmp(arguments[2], "int80") == 0);
    if (mode == "fork") {
        const pid_t child = ::fork();
        const auto results = calls(3);
        if (child == 0) {
            show(results);
            std::printf("| ");
            std::fflush(stdout);
            ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
        show(results);
    }
    if (mode == "exit") return call() < 0 ? 3 : 0;
    return 0;
}
