#include "elf/unwind.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/unique_fd.h"
#include "catch.h"

using namespace rehang;

namespace {

// A chain of functions whose frames must all be found. The calls are followed by something, so that none
// becomes a jump.
volatile int calls = 0;
extern "C" __attribute__((noinline)) void innermost_function() {
    pause();
    calls = calls + 1;
}
extern "C" __attribute__((noinline)) void middle_function() {
    innermost_function();
    calls = calls + 1;
}
extern "C" __attribute__((noinline)) void outermost_function() {
    middle_function();
    calls = calls + 1;
}

// A child that sleeps in pause(), called through the chain. Ends with this object.
class SleepingChild {
  public:
    SleepingChild() : pid_(fork()) {
        if (pid_ != 0) return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        outermost_function();
        _exit(0);
    }
    ~SleepingChild() { end(); }
    SleepingChild(const SleepingChild&) = delete;
    SleepingChild& operator=(const SleepingChild&) = delete;

    void end() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    pid_t pid() const { return pid_; }

    // /proc/PID/syscall: "34 args… sp pc" once it sleeps.
    elf::Registers registers_asleep() const {
        for (;; sched_yield()) {
            long number = -1;
            elf::Registers registers;
            const std::string text = read_file_or_empty("/proc/" + std::to_string(pid_) + "/syscall");
            const int read = std::sscanf(text.c_str(), "%ld %*x %*x %*x %*x %*x %*x %lx %lx", &number,
                                         &registers.sp, &registers.pc);
            if (read == 3 && number == 34) return registers;
        }
    }

  private:
    pid_t pid_;
};

std::vector<std::string> symbols_of(const std::vector<elf::Frame>& frames) {
    std::vector<std::string> symbols;
    for (const elf::Frame& frame : frames) symbols.push_back(frame.symbol);
    return symbols;
}

bool has_chain(const std::vector<elf::Frame>& frames) {
    const auto symbols = symbols_of(frames);
    const std::vector<std::string> chain = {"pause", "innermost_function", "middle_function",
                                            "outermost_function"};
    return !std::ranges::search(symbols, chain).empty();
}

elf::SavedStack copy_of_stack(pid_t pid, std::uint64_t sp) {
    elf::SavedStack saved = {.start = sp, .bytes = std::vector<unsigned char>(4096)};
    const iovec here = {.iov_base = saved.bytes.data(), .iov_len = saved.bytes.size()};
    const iovec there = {.iov_base = reinterpret_cast<void*>(sp), .iov_len = saved.bytes.size()};
    const ssize_t read = process_vm_readv(pid, &here, 1, &there, 1, 0);
    saved.bytes.resize(static_cast<size_t>(std::max<ssize_t>(read, 0)));
    return saved;
}

}  // namespace

TEST_CASE("a thread that nobody stopped is unwound by its stack pointer and program counter") {
    const SleepingChild child;
    const auto registers = child.registers_asleep();
    elf::Files files;
    elf::Unwinder unwinder(child.pid(), files);
    const auto frames = unwinder.unwind(registers);
    INFO(Catch::StringMaker<std::vector<std::string>>::convert(symbols_of(frames)));
    CHECK(has_chain(frames));
    CHECK(frames.front().pc == registers.pc);
    CHECK(frames.front().module.starts_with("libc.so"));
    CHECK(unwinder.unwind(registers).size() == frames.size());
}

TEST_CASE("no more frames are unwound than asked for") {
    const SleepingChild child;
    elf::Files files;
    const auto frames = elf::Unwinder(child.pid(), files).unwind(child.registers_asleep(), nullptr, 2);
    CHECK(symbols_of(frames) == std::vector<std::string>{"pause", "innermost_function"});
}

TEST_CASE("a stack that was saved is unwound even though the process has another one there by now") {
    const SleepingChild child;
    const auto registers = child.registers_asleep();
    const elf::SavedStack saved = copy_of_stack(child.pid(), registers.sp);
    // This process has the same modules at the same addresses (fork), but other things on its stack.
    elf::Files files;
    elf::Unwinder unwinder(getpid(), files);
    CHECK(has_chain(unwinder.unwind(registers, &saved)));
    CHECK_FALSE(has_chain(unwinder.unwind(registers)));
}

TEST_CASE("a process that is gone has no stack, and that is no error") {
    SleepingChild child;
    const pid_t pid = child.pid();
    const auto registers = child.registers_asleep();
    elf::Files files;
    elf::Unwinder before(pid, files);
    child.end();
    CHECK(before.unwind(registers).size() <= 1);
    CHECK(elf::Unwinder(pid, files).unwind(registers).empty());
}

TEST_CASE("a FIFO that lies where a module was does not keep anybody from unwinding") {
    std::string made = std::filesystem::temp_directory_path() / "rehang-unwind-XXXXXX";
    REQUIRE(mkdtemp(made.data()));
    const std::string path = made + "/module.so";
    std::filesystem::copy_file("/proc/self/exe", path);
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    constexpr size_t size = 4096;
    void* const module = mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file.get(), 0);
    const bool replaced = unlink(path.c_str()) == 0 && mkfifo(path.c_str(), 0600) == 0;

    const auto start = reinterpret_cast<std::uint64_t>(module);
    elf::Files files;
    elf::Registers registers;
    registers.pc = start + 64;
    registers.sp = start + 128;
    const auto frames = elf::Unwinder(getpid(), files).unwind(registers);
    std::filesystem::remove_all(made);
    munmap(module, size);
    REQUIRE(module != MAP_FAILED);
    REQUIRE(replaced);
    REQUIRE_FALSE(frames.empty());
    CHECK(frames.front().symbol.empty());
}
