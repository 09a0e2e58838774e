#include "match/function_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/demangle.h"

namespace rehang {
namespace {

using std::string_view_literals::operator""sv;

struct WayIn {
    std::string_view name;
    WaitClass wait;
};

// Sources: glibc 2.28 to 2.41 (nptl/, sysdeps/unix/sysv/linux/), musl 1.2, with canonical() done.
constexpr std::array ways_in = {
    WayIn{"syscall", WaitClass::any},
    WayIn{"syscall_cancel", WaitClass::any},
    WayIn{"syscall_cancel_arch", WaitClass::any},
    WayIn{"internal_syscall_cancel", WaitClass::any},
    WayIn{"syscall_cp", WaitClass::any},
    WayIn{"syscall_cp_asm", WaitClass::any},
    WayIn{"syscall_cp_c", WaitClass::any},
    WayIn{"kernel_vsyscall", WaitClass::any},
    WayIn{"kernel_rt_sigreturn", WaitClass::any},
    WayIn{"safe_syscall_base", WaitClass::any},
    WayIn{"futex_wait", WaitClass::futex},
    WayIn{"futex_wait_simple", WaitClass::futex},
    WayIn{"futex_wait_cancelable", WaitClass::futex},
    WayIn{"futex_reltimed_wait", WaitClass::futex},
    WayIn{"futex_abstimed_wait", WaitClass::futex},
    WayIn{"futex_abstimed_wait_common", WaitClass::futex},
    WayIn{"futex_abstimed_wait_cancelable", WaitClass::futex},
    WayIn{"do_futex_wait", WaitClass::futex},
    WayIn{"lll_lock_wait", WaitClass::futex},
    WayIn{"lll_lock_wait_private", WaitClass::futex},
    WayIn{"lll_timedlock_wait", WaitClass::futex},
    WayIn{"sem_wait_slow", WaitClass::futex},
    WayIn{"sem_wait_common", WaitClass::futex},
    WayIn{"pthread_cond_wait_common", WaitClass::futex},
    WayIn{"timedwait", WaitClass::futex},
    WayIn{"timedwait_cp", WaitClass::futex},
    WayIn{"read", WaitClass::read},
    WayIn{"readv", WaitClass::read},
    WayIn{"recv", WaitClass::read},
    WayIn{"recvfrom", WaitClass::read},
    WayIn{"recvmsg", WaitClass::read},
    WayIn{"write", WaitClass::write},
    WayIn{"writev", WaitClass::write},
    WayIn{"send", WaitClass::write},
    WayIn{"sendto", WaitClass::write},
    WayIn{"sendmsg", WaitClass::write},
    WayIn{"poll", WaitClass::poll},
    WayIn{"ppoll", WaitClass::poll},
    WayIn{"select", WaitClass::poll},
    WayIn{"pselect", WaitClass::poll},
    WayIn{"epoll_wait", WaitClass::poll},
    WayIn{"epoll_pwait", WaitClass::poll},
    WayIn{"poll_chk", WaitClass::poll},
    WayIn{"ppoll_chk", WaitClass::poll},
    WayIn{"wait", WaitClass::child},
    WayIn{"wait3", WaitClass::child},
    WayIn{"wait4", WaitClass::child},
    WayIn{"waitpid", WaitClass::child},
    WayIn{"waitid", WaitClass::child},
    WayIn{"nanosleep", WaitClass::timer},
    WayIn{"clock_nanosleep", WaitClass::timer},
    WayIn{"usleep", WaitClass::timer},
    WayIn{"sleep", WaitClass::timer},
    WayIn{"pause", WaitClass::signal},
    WayIn{"sigsuspend", WaitClass::signal},
    WayIn{"sigwait", WaitClass::signal},
    WayIn{"sigwaitinfo", WaitClass::signal},
    WayIn{"sigtimedwait", WaitClass::signal},
    WayIn{"accept", WaitClass::connection},
    WayIn{"accept4", WaitClass::connection},
    WayIn{"connect", WaitClass::connection},
    WayIn{"flock", WaitClass::file_lock},
};

constexpr std::array thread_starts = {"main"sv,
                                      "start"sv,
                                      "start_thread"sv,
                                      "thread_start"sv,
                                      "clone"sv,
                                      "clone3"sv,
                                      "start_c"sv,
                                      "libc_start_main"sv,
                                      "libc_start_call_main"sv,
                                      "libc_start_main_stage2"sv,
                                      "generic_start_main"sv,
                                      "start_thread_c"sv,
                                      "execute_native_thread_routine"sv,
                                      "dl_start_user"sv};

const WayIn* way_in(std::string_view name) {
    const auto found = std::ranges::find(ways_in, name, &WayIn::name);
    return found == ways_in.end() ? nullptr : &*found;
}

constexpr auto anonymous = "(anonymous namespace)"sv;

// How many characters of `text` are an operator's name, where it begins with "operator": "operator()",
// "operator<<". 0: it is none. Of "operator new" and conversions just the word.
size_t operator_name(std::string_view text) {
    constexpr auto word = "operator"sv;
    if (!text.starts_with(word)) return 0;
    const std::string_view sign = text.substr(word.size());
    if (sign.starts_with("()") || sign.starts_with("[]")) return word.size() + 2;
    const size_t length = std::min(sign.find_first_not_of("<>=!+-*/%^&|~,"), sign.size());
    return word.size() + length;
}

// What a reader of a name stands on: brackets that belong to operators are none.
class Brackets {
  public:
    explicit Brackets(std::string_view text) : text_(text) {}

    // Moves on by one character, or one operator's name, or one "(anonymous namespace)".
    void step() {
        const std::string_view rest = text_.substr(at_);
        if (const size_t length = operator_name(rest)) return skip(length);
        if (rest.starts_with(anonymous)) return skip(anonymous.size());
        const char c = rest.front();
        if (c == '<' || c == '(' || c == '{') ++depth_;
        if ((c == '>' || c == ')' || c == '}') && depth_ > 0) --depth_;
        ++at_;
    }
    bool at_end() const { return at_ >= text_.size(); }
    bool outside() const { return depth_ == 0; }
    // A list of parameters or arguments begins here.
    bool at_list() const {
        return outside() && text_[at_] == '(' && !text_.substr(at_).starts_with(anonymous);
    }
    size_t at() const { return at_; }

  private:
    void skip(size_t length) { at_ = std::min(at_ + length, text_.size()); }

    std::string_view text_;
    size_t at_ = 0;
    unsigned depth_ = 0;
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    return text;
}

// "void f<int>" is "f<int>"; "operator new" and "operator bool" stay whole.
std::string_view without_return_type(std::string_view name) {
    size_t start = 0;
    for (Brackets brackets(name); !brackets.at_end(); brackets.step()) {
        if (name.substr(brackets.at()).starts_with("operator")) break;
        if (brackets.outside() && name[brackets.at()] == ' ') start = brackets.at() + 1;
    }
    return name.substr(start);
}

// eu-stack's "read - 1", lldb's and the kernel's "read + 12", "read+0xc/0x20".
std::string_view without_offset(std::string_view name) {
    if (const size_t minus = name.find(" - "); minus != std::string_view::npos) name = name.substr(0, minus);
    if (name.find("operator") != std::string_view::npos) return name;
    return trimmed(name.substr(0, name.find('+')));
}

void remove_all(std::string& text, std::string_view part) {
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at))
        text.erase(at, part.size());
}

// Template arguments and "[abi:cxx11]" differ between builds; what stands in braces is a lambda's own.
std::string without_arguments(std::string_view name) {
    std::string kept;
    for (Brackets brackets(name); !brackets.at_end();) {
        const size_t before = brackets.at();
        const bool outside = brackets.outside();
        brackets.step();
        if (outside && brackets.outside()) kept += name.substr(before, brackets.at() - before);
    }
    if (const size_t abi = kept.find("[abi"); abi != std::string::npos) {
        const size_t end = kept.find(']', abi);
        kept.erase(abi, end == std::string::npos ? end : end - abi + 1);
    }
    return kept;
}

void drop_prefix(std::string_view& name, std::string_view prefix) {
    if (name.size() > prefix.size() && name.starts_with(prefix)) name.remove_prefix(prefix.size());
}

void drop_suffix(std::string_view& name, std::string_view suffix) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) name.remove_suffix(suffix.size());
}

// The C library's names for one function: the exported one, its aliases and its inner parts.
std::string c_name(std::string_view name) {
    drop_prefix(name, "__GI_");
    const size_t letters = name.find_first_not_of('_');
    if (letters != std::string_view::npos) name.remove_prefix(letters);
    if (!name.starts_with("libc_start")) drop_prefix(name, "libc_");
    if (name.starts_with("new_sem")) drop_prefix(name, "new_");
    drop_prefix(name, "old_");
    drop_suffix(name, "_nocancel");
    drop_suffix(name, "_impl");
    drop_suffix(name, "_time64");
    drop_suffix(name, "64");
    return std::string(name);
}

}  // namespace

std::string_view to_text(WaitClass wait) {
    switch (wait) {
        case WaitClass::read:
            return "read";
        case WaitClass::write:
            return "write";
        case WaitClass::poll:
            return "poll";
        case WaitClass::futex:
            return "futex";
        case WaitClass::child:
            return "child";
        case WaitClass::timer:
            return "timer";
        case WaitClass::signal:
            return "signal";
        case WaitClass::connection:
            return "connection";
        case WaitClass::file_lock:
            return "file-lock";
        case WaitClass::running:
            return "running";
        case WaitClass::any:
            break;
    }
    return "unknown";
}

std::string function_in(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with("<signal handler called>")) return "<signal handler called>";
    Brackets brackets(text);
    while (!brackets.at_end() && !brackets.at_list()) brackets.step();
    std::string_view name = text.substr(0, std::min(brackets.at(), text.size()));
    // Without a list in brackets: "read from /lib/libc.so.6", "start_thread at pthread_create.c:442".
    for (const auto place : {" from "sv, " at "sv}) name = name.substr(0, name.find(place));
    name = without_return_type(without_offset(trimmed(name)));
    return name.starts_with("??") ? "" : std::string(name);
}

std::string canonical(std::string_view function) {
    if (function.starts_with('<')) return std::string(function);
    std::string name =
        function.starts_with("_Z") ? demangle_short(std::string(function)) : std::string(function);
    if (const size_t version = name.find('@'); version != std::string::npos) name.resize(version);
    name = without_arguments(name);
    if (const size_t part = name.find('.', 1); part != std::string::npos) name.resize(part);
    remove_all(name, "(anonymous namespace)::");
    remove_all(name, "__cxx11::");
    remove_all(name, "__1::");
    return name.find("::") == std::string::npos ? c_name(name) : name;
}

bool is_way_into_kernel(std::string_view name) {
    return way_in(name) != nullptr;
}

WaitClass wait_class(std::string_view name) {
    const WayIn* const way = way_in(name);
    return way ? way->wait : WaitClass::any;
}

bool is_start_of_thread(std::string_view name) {
    return std::ranges::find(thread_starts, name) != thread_starts.end();
}

}  // namespace rehang
