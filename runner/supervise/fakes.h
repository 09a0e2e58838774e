// The fakes of a run: their models, and which of the targets' descriptors are open on what of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "devices/device.h"
#include "plan/plan.h"

namespace rehang {

// A request that the model of a fake does not have.
struct UnknownRequest {
    std::uint32_t number = 0;
    std::uint64_t times = 0;
    ProcessPath by;       // who made it first …
    unsigned by_nth = 0;  // … and which thread of it
};

struct FakeState {
    std::uint64_t opened = 0;
    std::uint64_t calls = 0;              // ioctls that the model has answered
    std::vector<UnknownRequest> unknown;  // the first 200 of them
};

// On the loop's thread.
class Fakes {
  public:
    explicit Fakes(const Plan& plan);
    ~Fakes();
    Fakes(const Fakes&) = delete;
    Fakes& operator=(const Fakes&) = delete;

    bool any() const { return !devices_.empty(); }
    // Which fake is at this path for the process, as an index of plan.fakes.
    std::optional<size_t> at(const std::string& path, const ProcessPath& process) const;

    struct OpenFile {
        size_t fake = 0;
        std::shared_ptr<fakes::File> file;
        bool is_device = false;  // not what a call on it has handed out
    };
    // What of a fake the thread's descriptor is open on; null: nothing. Until the next descriptor_of().
    const OpenFile* open_on(pid_t tid, int descriptor) const;

    fakes::Device& device(size_t fake) { return *devices_[fake]; }
    bool may_wait(const OpenFile& open, std::uint32_t request) const {
        return waiting_[open.fake].contains(request);
    }
    // A descriptor of what a model has opened, for a target. `of_device`: the device itself.
    Expected<UniqueFd> descriptor_of(size_t fake, std::shared_ptr<fakes::File> file, bool of_device);

    void count_open(size_t fake) { ++states_[fake].opened; }
    void count_call(size_t fake) { ++states_[fake].calls; }
    void count_unknown(size_t fake, std::uint32_t request, const ProcessPath& by, unsigned by_nth);
    const std::vector<FakeState>& states() const { return states_; }

  private:
    struct Known {
        OpenFile open;
        std::uint64_t inode = 0;
        int watch = -1;
        std::span<std::byte> mapped = {};  // the runner's view of it
    };
    void forget_closed();
    static Expected<void> share(const UniqueFd& memory, Known& known);

    const Plan* plan_;
    std::vector<std::unique_ptr<fakes::Device>> devices_;  // as plan.fakes
    std::vector<std::set<std::uint32_t>> waiting_;         // the same: requests that may have to wait
    std::vector<FakeState> states_;                        // the same
    std::map<std::uint64_t, Known> known_;                 // by the number in their descriptors' name
    std::uint64_t last_number_ = 0;
    // inotify(7): tells when the last descriptor and mapping of a file that targets have is gone, wherever it
    // was. Where it can't be had, models keep what they have handed out until the run ends.
    UniqueFd closings_;
};

// "KVM_CREATE_VM"; of several drivers' names the one that the device's path fits. Empty where no header has
// it.
std::string request_name(std::uint32_t request, const std::string& device);

// Which of its requests may have to wait.
std::vector<std::uint32_t> waiting_requests(const PlannedFake& fake);

}  // namespace rehang
