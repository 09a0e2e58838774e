#include "devices/described/described_device.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rehang::fakes {
namespace {

bool holds(const DescribedBytes& wanted, const Ioctl& call, const Memory& memory) {
    std::string there(wanted.bytes.size(), '\0');
    return memory.read(call.argument + wanted.offset, std::as_writable_bytes(std::span(there))) &&
           there == wanted.bytes;
}

// What the device has been through; shared by its open files.
class State {
  public:
    explicit State(Description description)
        : description_(std::move(description)),
          turn_(description_.requests.size()),
          state_(description_.first_state) {}

    const Description& description() const { return description_; }

    // What the call on this file gives. `opens` is left to whoever knows how to make a file.
    struct Given {
        Answer answer;
        std::string opens;
    };
    Given answer(const std::string& on, const Ioctl& call, Memory& memory) {
        const auto fitting = std::ranges::find_if(
            description_.requests, [&](const auto& one) { return fits(one, on, call, memory); });
        if (fitting == description_.requests.end()) return {nobody_fits(on, call), {}};
        size_t& turn = turn_[static_cast<size_t>(fitting - description_.requests.begin())];
        const DescribedAnswer& answer = fitting->answers[turn];
        if (!write(answer, call, memory)) return {{.value = -EFAULT}, {}};
        const bool was_last = turn + 1 == fitting->answers.size();
        turn = !was_last ? turn + 1 : fitting->again ? 0 : turn;
        if (answer.state) state_ = *answer.state;
        Answer given{.value = answer.value, .delay = answer.delay};
        if (!state_.empty()) given.detail = "state=" + state_;
        return {std::move(given), answer.opens};
    }

    size_t mapped_size(const std::string& name) const {
        const auto file = std::ranges::find(description_.files, name, &DescribedFile::name);
        return file == description_.files.end() ? 0 : file->mapped;
    }

  private:
    bool fits(const DescribedRequest& one, const std::string& on, const Ioctl& call,
              const Memory& memory) const {
        return one.request == call.request && one.on == on && (!one.state || *one.state == state_) &&
               (!one.argument || *one.argument == call.argument) &&
               std::ranges::all_of(one.where, [&](const auto& bytes) { return holds(bytes, call, memory); });
    }

    // A request that is described, but not in this state or for this argument, is one that the device
    // refuses; drivers answer EINVAL then.
    Answer nobody_fits(const std::string& on, const Ioctl& call) const {
        const bool described = std::ranges::any_of(description_.requests, [&](const DescribedRequest& one) {
            return one.request == call.request && one.on == on;
        });
        return described ? Answer{.value = -EINVAL} : Answer{.value = -ENOTTY, .unknown = true};
    }

    static bool write(const DescribedAnswer& answer, const Ioctl& call, Memory& memory) {
        return std::ranges::all_of(answer.out, [&](const DescribedBytes& out) {
            return memory.write(call.argument + out.offset, std::as_bytes(std::span(out.bytes)));
        });
    }

    Description description_;
    std::vector<size_t> turn_;  // by request: the answer that comes next
    std::string state_;
};

class OpenFile : public File {
  public:
    OpenFile(std::shared_ptr<State> state, std::string name)
        : state_(std::move(state)), name_(std::move(name)) {}

    std::string name() const override { return name_.empty() ? "device" : name_; }
    size_t mapped_size() const override { return state_->mapped_size(name_); }

    Answer ioctl(const Ioctl& call, Memory& memory) override {
        auto [answer, opens] = state_->answer(name_, call, memory);
        if (!opens.empty()) answer.opens = std::make_shared<OpenFile>(state_, opens);
        return std::move(answer);
    }

  private:
    std::shared_ptr<State> state_;
    std::string name_;  // empty: the device itself
};

class DescribedDevice : public Device {
  public:
    explicit DescribedDevice(Description description)
        : state_(std::make_shared<State>(std::move(description))) {}

    Answer open(int) override {
        if (const auto failed = state_->description().open_errno) return {.value = -*failed};
        return {.opens = std::make_shared<OpenFile>(state_, std::string())};
    }

    // A call that is answered late is stopped meanwhile, so that a signal can reach it.
    std::vector<std::uint32_t> waiting_requests() const override {
        std::vector<std::uint32_t> late;
        for (const DescribedRequest& one : state_->description().requests)
            if (std::ranges::any_of(one.answers, &DescribedAnswer::is_late)) late.push_back(one.request);
        return late;
    }

  private:
    std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Device> make_described_device(Description description) {
    return std::make_unique<DescribedDevice>(std::move(description));
}

}  // namespace rehang::fakes
