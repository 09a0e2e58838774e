#include "scenario/vocabulary.h"

namespace rehang {
namespace {

template <class E, size_t N>
using Table = std::array<std::pair<E, std::string_view>, N>;

constexpr Table<Outcome, 7> outcomes = {{{Outcome::exited, "exited"},
                                         {Outcome::signaled, "signaled"},
                                         {Outcome::hung, "hung"},
                                         {Outcome::timeout, "timeout"},
                                         {Outcome::unmet, "unmet"},
                                         {Outcome::unsupported, "unsupported"},
                                         {Outcome::running, "running"}}};

constexpr Table<Cause, 7> causes = {{{Cause::inherited_lock, "inherited-lock"},
                                     {Cause::lock_cycle, "lock-cycle"},
                                     {Cause::held_pipe, "held-pipe"},
                                     {Cause::lost_thread, "lost-thread"},
                                     {Cause::lost_wakeup, "lost-wakeup"},
                                     {Cause::spin, "spin"},
                                     {Cause::unknown, "unknown"}}};

constexpr Table<WaitKind, 23> wait_kinds = {{{WaitKind::running, "running"},
                                             {WaitKind::pipe_read, "pipe-read"},
                                             {WaitKind::pipe_write, "pipe-write"},
                                             {WaitKind::fifo_open, "fifo-open"},
                                             {WaitKind::socket_read, "socket-read"},
                                             {WaitKind::socket_write, "socket-write"},
                                             {WaitKind::accept, "accept"},
                                             {WaitKind::connect, "connect"},
                                             {WaitKind::eventfd, "eventfd"},
                                             {WaitKind::futex, "futex"},
                                             {WaitKind::child, "child"},
                                             {WaitKind::file_lock, "file-lock"},
                                             {WaitKind::semaphore, "semaphore"},
                                             {WaitKind::message_queue, "message-queue"},
                                             {WaitKind::poll, "poll"},
                                             {WaitKind::vfork, "vfork"},
                                             {WaitKind::signal, "signal"},
                                             {WaitKind::timer, "timer"},
                                             {WaitKind::held, "held"},
                                             {WaitKind::stopped, "stopped"},
                                             {WaitKind::spin, "spin"},
                                             {WaitKind::exited, "exited"},
                                             {WaitKind::unknown, "unknown"}}};

constexpr Table<ForkSide, 2> fork_orders = {
    {{ForkSide::parent, "parent-first"}, {ForkSide::child, "child-first"}}};

constexpr Table<IfImpossible, 2> answers_to_impossible = {
    {{IfImpossible::unmet, "unmet"}, {IfImpossible::go_on, "go-on"}}};

template <class E, size_t N>
std::string_view text_of(const Table<E, N>& table, E value) {
    for (const auto& [known, text] : table)
        if (known == value) return text;
    return "?";
}

template <class E, size_t N>
std::optional<E> value_of(const Table<E, N>& table, std::string_view text) {
    for (const auto& [value, known] : table)
        if (known == text) return value;
    return std::nullopt;
}

template <class E, size_t N>
std::vector<std::string> texts_of(const Table<E, N>& table) {
    std::vector<std::string> texts;
    for (const auto& [value, text] : table) texts.emplace_back(text);
    return texts;
}

}  // namespace

bool is_at_descriptors(WaitKind kind) {
    switch (kind) {
        case WaitKind::pipe_read:
        case WaitKind::pipe_write:
        case WaitKind::socket_read:
        case WaitKind::socket_write:
        case WaitKind::accept:
        case WaitKind::connect:
        case WaitKind::eventfd:
        case WaitKind::message_queue:
        case WaitKind::poll:
            return true;
        default:
            return false;
    }
}

std::string_view to_text(Outcome outcome) {
    return text_of(outcomes, outcome);
}
std::string_view to_text(Cause cause) {
    return text_of(causes, cause);
}
std::string_view to_text(WaitKind kind) {
    return text_of(wait_kinds, kind);
}
std::optional<Outcome> parse_outcome(std::string_view text) {
    return value_of(outcomes, text);
}
std::optional<Outcome> parse_expected_outcome(std::string_view text) {
    const auto outcome = parse_outcome(text);
    return outcome == Outcome::running ? std::nullopt : outcome;
}
std::optional<Cause> parse_cause(std::string_view text) {
    return value_of(causes, text);
}
std::optional<WaitKind> parse_wait_kind(std::string_view text) {
    return value_of(wait_kinds, text);
}
std::vector<std::string> expected_outcome_texts() {
    auto texts = texts_of(outcomes);
    std::erase(texts, to_text(Outcome::running));
    return texts;
}
std::vector<std::string> cause_texts() {
    return texts_of(causes);
}
std::vector<std::string> wait_kind_texts() {
    return texts_of(wait_kinds);
}

std::optional<IfImpossible> parse_if_impossible(std::string_view text) {
    return value_of(answers_to_impossible, text);
}
std::vector<std::string> if_impossible_texts() {
    return texts_of(answers_to_impossible);
}

std::optional<ForkSide> parse_fork_order(std::string_view text) {
    return value_of(fork_orders, text);
}
std::vector<std::string> fork_order_texts() {
    return texts_of(fork_orders);
}
std::string_view fork_order_text(ForkSide first) {
    return text_of(fork_orders, first);
}

}  // namespace rehang
