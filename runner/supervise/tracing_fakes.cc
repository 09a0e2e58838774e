// The part of Tracing about fakes. A call on one comes here in one of three ways: its thread waits for the
// listener's answer; it is stopped, because the request may have to wait for a signal, or because something
// else of the run stops it there; or a client inside a program under qemu-user asks (fakes/protocol.h). One
// that is stopped goes on to ask, wherever it has to: only from there a descriptor can be given.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <utility>

#include "base/names.h"
#include "supervise/call_conditions.h"
#include "supervise/fake_calls.h"
#include "supervise/tracing.h"

namespace rehang {
namespace {

// By addresses of the program: those of a guest are elsewhere in the process.
class CallersMemory : public fakes::Memory {
  public:
    CallersMemory(pid_t tid, std::uint64_t base, const std::function<bool()>& still_there)
        : tid_(tid), base_(base), still_there_(still_there) {}
    bool read(std::uint64_t address, std::span<std::byte> into) const override {
        return into.empty() ||
               (read_memory(tid_, base_ + address, into.data(), into.size()) && still_there_());
    }
    bool write(std::uint64_t address, std::span<const std::byte> bytes) override {
        return bytes.empty() ||
               (still_there_() && write_memory(tid_, base_ + address, bytes.data(), bytes.size()));
    }

  private:
    pid_t tid_;
    std::uint64_t base_;
    const std::function<bool()>& still_there_;
};

std::string result_text(std::int64_t result) {
    constexpr std::int64_t last_error = 4095;  // MAX_ERRNO of the kernel
    return result < 0 && result >= -last_error ? errno_name(static_cast<int>(-result))
                                               : fmt::format("{}", result);
}

std::string request_text(std::uint32_t request, const std::string& device) {
    const std::string name = request_name(request, device);
    return name.empty() ? fmt::format("{:#x}", request) : name;
}

std::uint32_t request_of(const SystemCall& call) {
    return static_cast<std::uint32_t>(call.arguments[1]);
}

int descriptor_of(const SystemCall& call) {
    return static_cast<int>(call.arguments[0]);
}

}  // namespace

std::string Tracing::waits_in(pid_t tid) const {
    const auto found = waits_in_.find(tid);
    return found == waits_in_.end() ? std::string() : found->second;
}

std::int64_t Tracing::Asker::deliver(std::int64_t result) const {
    return ask ? ask->give(result) : result;
}

void Tracing::note_fake(pid_t tid, const std::string& what, const std::string& file,
                        const std::string& detail, std::int64_t result) {
    note(EventKind::fake, tid, what,
         fmt::format("on {}{}{} = {}", file, detail.empty() ? "" : ", ", detail, result_text(result)));
}

// Nothing: it is about no fake.
std::optional<CallAnswer> Tracing::asked_about_fakes(const Asker& asker, const SystemCall& call) {
    const TrackedProcess* process = tree_.process_of(asker.tid);
    if (!process || !process->started) return std::nullopt;
    if (call.number != SYS_ioctl) return asked_about_path(asker, call);
    const Fakes::OpenFile* open = fakes_.open_on(asker.tid, descriptor_of(call));
    if (!open) return std::nullopt;
    return asked_about_request(asker, *open, call);
}

CallAnswer Tracing::asked_by_client(const Notifications::Question& question, const FakeAsk& ask) {
    const auto refused = [&] { return CallAnswer{.make = false, .value = ask.refuse()}; };
    const TrackedProcess* process = tree_.process_of(question.tid);
    if (!process || !process->started) return refused();
    const Fakes::OpenFile* open = fakes_.open_on(question.tid, descriptor_of(ask.call));
    if (!open) return refused();
    if (!ask.stopped && (stops_at_ioctl_ || fakes_.may_wait(*open, request_of(ask.call))))
        return {.make = false, .value = ask.ask_for_a_stop()};
    if (!question.call.handed_on) {
        const CallAnswer fault = asked_about_faults(question, ask.call);
        if (!fault.make) return {.make = false, .value = ask.give(fault.value)};
    }
    return asked_about_request({.tid = question.tid, .still_there = question.still_asked, .ask = ask}, *open,
                               ask.call);
}

fakes::Answer Tracing::ask_model(const Asker& asker, const Fakes::OpenFile& open, const SystemCall& call) {
    const std::uint64_t base = asker.ask ? asker.ask->base : 0;
    CallersMemory memory(asker.tid, base, asker.still_there);
    fakes::Answer answer =
        open.file->ioctl({.request = request_of(call), .argument = call.arguments[2] - base}, memory);
    if (answer.unknown)
        fakes_.count_unknown(open.fake, request_of(call), tree_.process_of(asker.tid)->path,
                             tree_.thread(asker.tid)->nth);
    else
        fakes_.count_call(open.fake);
    return answer;
}

CallAnswer Tracing::asked_about_request(const Asker& asker, const Fakes::OpenFile& open,
                                        const SystemCall& call) {
    fakes::Answer answer = ask_model(asker, open, call);
    const auto tell = [this, tid = asker.tid,
                       what = request_text(request_of(call), plan_->fakes[open.fake].device),
                       file = open.file->name(), detail = answer.detail](std::int64_t result) {
        note_fake(tid, what, file, detail, result);
    };
    if (answer.opens) return with_descriptor(asker, open.fake, std::move(answer), false, true, tell);
    tell(answer.value);
    return {.make = false, .value = asker.deliver(answer.value)};
}

// An int of the caller's can be written before there is anything to be written: a descriptor that nobody
// knows of would stay open.
CallAnswer Tracing::with_descriptor(const Asker& asker, size_t fake, fakes::Answer answer, bool of_device,
                                    bool close_on_exec, const std::function<void(std::int64_t)>& tell) {
    const auto fails = [&](int error) {
        tell(-error);
        return CallAnswer{.make = false, .value = asker.deliver(-error)};
    };
    const auto number_at = answer.number_at.transform(
        [&](std::uint64_t address) { return address + (asker.ask ? asker.ask->base : 0); });
    constexpr std::int32_t none_yet = -1;
    if (number_at && !write_memory(asker.tid, *number_at, &none_yet, sizeof none_yet)) return fails(EFAULT);
    auto descriptor = fakes_.descriptor_of(fake, std::move(answer.opens), of_device);
    if (!descriptor) {
        note_once("descriptor of a fake",
                  fmt::format("{}: a target was told ENOMEM", descriptor.error().what));
        return fails(ENOMEM);
    }
    const auto placed = [asker, tell, number_at, value = answer.value](std::int64_t number) {
        std::int64_t result = number;
        if (number >= 0 && number_at) {
            const auto written = static_cast<std::int32_t>(number);
            result = write_memory(asker.tid, *number_at, &written, sizeof written) ? value : -EFAULT;
        }
        tell(number);
        return asker.deliver(result);
    };
    return {.make = false,
            .value = 0,
            .opens = CallAnswer::Descriptor{
                .file = std::move(*descriptor), .close_on_exec = close_on_exec, .placed = placed}};
}

std::optional<size_t> Tracing::fake_named(pid_t tid, const SystemCall& call) const {
    const auto names = path_call(call);
    if (!names) return std::nullopt;
    const TrackedProcess& process = *tree_.process_of(tid);
    const std::string path = path_named(names->argument, call, process.pid, tid);
    if (!path.empty()) return fakes_.at(path, process.path);
    // fstat(2) is this, in newer C libraries.
    constexpr auto empty_path = std::uint64_t{AT_EMPTY_PATH};
    const std::uint64_t flags = call.arguments[call.number == SYS_statx ? 2 : 3];
    if (!names->descriptor || (flags & empty_path) == 0) return std::nullopt;
    const Fakes::OpenFile* open =
        fakes_.open_on(tid, static_cast<int>(call.arguments.at(*names->descriptor)));
    if (!open || !open->is_device) return std::nullopt;
    return open->fake;
}

std::optional<CallAnswer> Tracing::asked_about_path(const Asker& asker, const SystemCall& call) {
    const auto fake = fake_named(asker.tid, call);
    if (!fake) return std::nullopt;
    const auto answered = [](std::int64_t value) { return CallAnswer{.make = false, .value = value}; };
    switch (path_call(call)->does) {
        case PathCall::Does::opens: {
            const auto flags = open_flags(asker.tid, call);
            return flags ? open_fake(asker, *fake, *flags) : answered(-EFAULT);
        }
        case PathCall::Does::checks_access:
            return answered(access_to_device(call));
        case PathCall::Does::tells_status:
            return tell_device_status(asker.tid, call, plan_->fakes[*fake].device).transform(answered);
    }
    return std::nullopt;
}

// What the kernel finds out before it comes to the device is not the model's concern.
CallAnswer Tracing::open_fake(const Asker& asker, size_t fake, int flags) {
    const std::string& device = plan_->fakes[fake].device;
    const auto tell = [this, tid = asker.tid, device](std::int64_t result) {
        note_fake(tid, "open", device, {}, result);
    };
    std::int64_t refused = 0;
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) refused = -EEXIST;
    if ((flags & O_DIRECTORY) != 0) refused = -ENOTDIR;
    fakes::Answer answer;
    if (refused == 0) {
        answer = fakes_.device(fake).open(flags);
        if (!answer.opens) refused = answer.value;
    }
    if (refused != 0) {
        tell(refused);
        return {.make = false, .value = asker.deliver(refused)};
    }
    fakes_.count_open(fake);
    return with_descriptor(asker, fake, std::move(answer), true, (flags & O_CLOEXEC) != 0, tell);
}

// The thread stands before the call, and no fault has answered it.
void Tracing::stop_at_fake(pid_t tid, const SystemCall& call, const std::optional<FakeAsk>& ask, Fate& fate) {
    const Fakes::OpenFile* open =
        call.number == SYS_ioctl ? fakes_.open_on(tid, descriptor_of(call)) : nullptr;
    if (ask && !open) {
        fate.not_made = true;
        return answer_call(tid, ask->refuse());
    }
    if (!open && !fake_named(tid, call)) return;
    if (!open || !fakes_.may_wait(*open, request_of(call))) return hand_on(tid);
    fate.not_made = true;
    const Asker asker{.tid = tid, .still_there = [] { return true; }, .ask = ask};
    const std::string what = request_text(request_of(call), plan_->fakes[open->fake].device);
    const fakes::Answer answer = ask_model(asker, *open, call);
    REHANG_CHECK(!answer.opens);
    fate.delay += answer.delay;
    note_fake(tid, what, open->file->name(), answer.waits ? "waits for a signal" : answer.detail,
              answer.waits ? -EINTR : answer.value);
    if (!answer.waits) return answer_call(tid, asker.deliver(answer.value));
    // A signal that has come already ends this at once, like the call that it stands for.
    if (ask) ask->give(-EINTR);
    waits_in_[tid] = fmt::format("{} of the fake {}", what, plan_->fakes[open->fake].device);
    make_instead(tid, call.convention, SYS_pause);
}

}  // namespace rehang
