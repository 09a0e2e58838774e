// The rehang program as a user starts it, and files for it to read.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rehang::e2e {

struct Finished {
    int status = 0;  // exit status; 128 + N after signal N
    std::string out, err;
};

// Runs `rehang WORDS…` to its end in `folder` (the caller's when empty); stdin is that file, stdout and
// stderr are pipes.
Finished rehang(const std::vector<std::string>& words, const std::string& folder = {},
                const std::string& input = "/dev/null");

// The same on a host that lacks something (tests/programs/handicap.c).
Finished rehang_without(const std::vector<std::string>& handicaps, const std::vector<std::string>& words);

// Any program.
Finished run_program(const std::string& program, const std::vector<std::string>& words);

// More options (ASAN_OPTIONS) for every rehang that is started while the object lives, where a test does what
// a sanitizer can't work with. Without sanitizers nothing reads them.
class SanitizerOptions {
  public:
    explicit SanitizerOptions(const std::string& options);
    ~SanitizerOptions();
    SanitizerOptions(const SanitizerOptions&) = delete;
    SanitizerOptions& operator=(const SanitizerOptions&) = delete;

  private:
    std::string before_;
};

// A rehang that is still running, to be disturbed. Ends it when it goes.
class Running {
  public:
    explicit Running(const std::vector<std::string>& words, const std::string& folder = {},
                     const std::string& input = "/dev/null");
    ~Running();

    std::string read_line();            // of stdout, waits for it
    void close_stdout();                // as `| head` does
    void send(int signal);              // to rehang itself
    std::vector<int> children() const;  // its workers, as far as they are there
    int pid() const;
    // Waits until rehang and everybody who has its stdout or stderr open has ended.
    Finished wait();

    struct Impl;  // in command.cc

  private:
    std::unique_ptr<Impl> impl_;
};

// An empty folder of its own that goes with the object.
class Folder {
  public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::string& path() const { return path_; }
    // Writes a file in it and gives its path.
    std::string file(const std::string& name, std::string_view content) const;

  private:
    std::string path_;
};

// True where this host can't run scenarios, after a warning; a failed check with REHANG_MUST_RUN set.
bool must_skip();

// The same where it lacks one of these, named as in [scenario] needs. All of it can be installed or made.
bool lacks(const std::vector<std::string>& needs);

}  // namespace rehang::e2e
