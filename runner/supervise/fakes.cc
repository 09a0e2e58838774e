#include "supervise/fakes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <filesystem>

#include "base/files.h"
#include "base/ioctl_requests.h"
#include "devices/described/described_device.h"
#include "devices/models.h"
#include "supervise/fake_link.h"

namespace rehang {

namespace {

std::unique_ptr<fakes::Device> device_of(const PlannedFake& fake) {
    auto device = fake.description ? fakes::make_described_device(*fake.description)
                                   : fakes::make_device(fake.model, fake.settings);
    REHANG_CHECK(device);
    return device;
}

std::string own_descriptor(const UniqueFd& file) {
    return fmt::format("/proc/self/fd/{}", file.get());
}

void unmap(std::span<std::byte> mapped) {
    if (!mapped.empty()) ::munmap(mapped.data(), mapped.size());
}

}  // namespace

Fakes::Fakes(const Plan& plan) : plan_(&plan), states_(plan.fakes.size()) {
    for (const PlannedFake& fake : plan.fakes) {
        devices_.push_back(device_of(fake));
        const auto waiting = devices_.back()->waiting_requests();
        waiting_.emplace_back(waiting.begin(), waiting.end());
    }
    if (any()) closings_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
}

Fakes::~Fakes() {
    for (const auto& [number, known] : known_) unmap(known.mapped);
}

std::optional<size_t> Fakes::at(const std::string& path, const ProcessPath& process) const {
    for (size_t i = 0; i < plan_->fakes.size(); ++i)
        if (plan_->fakes[i].device == path && plan_->fakes[i].is_seen_by(process)) return i;
    return std::nullopt;
}

const Fakes::OpenFile* Fakes::open_on(pid_t tid, int descriptor) const {
    const std::string path = fmt::format("/proc/{}/fd/{}", tid, descriptor);
    std::error_code gone;
    const auto link = fake_of_link(std::filesystem::read_symlink(path, gone).string());
    const auto known = link ? known_.find(link->number) : known_.end();
    if (known == known_.end()) return nullptr;
    struct stat status {};
    const bool is_it = ::stat(path.c_str(), &status) == 0 && status.st_ino == known->second.inode;
    return is_it ? &known->second.open : nullptr;
}

void Fakes::forget_closed() {
    alignas(inotify_event) std::array<char, 4096> events;
    for (;;) {
        const ssize_t size = ::read(closings_.get(), events.data(), events.size());
        if (size <= 0) return;
        for (size_t at = 0; at < static_cast<size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, events.data() + at, sizeof event);
            at += sizeof event + event.len;
            const auto closed = std::ranges::find_if(
                known_, [&](const auto& known) { return known.second.watch == event.wd; });
            if ((event.mask & IN_CLOSE_WRITE) == 0 || closed == known_.end()) continue;
            ::inotify_rm_watch(closings_.get(), event.wd);
            unmap(closed->second.mapped);
            known_.erase(closed);
        }
    }
}

// Its size is sealed: a target that shrinks the file would take the runner's memory away.
Expected<void> Fakes::share(const UniqueFd& memory, Known& known) {
    const size_t size = known.open.file->mapped_size();
    if (::ftruncate(memory.get(), static_cast<off_t>(size)) != 0 ||
        ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return failure("can't give the memory file of a fake its size");
    if (size == 0) return {};
    void* mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (mapped == MAP_FAILED) return failure("can't map the memory file of a fake");
    known.mapped = {static_cast<std::byte*>(mapped), size};
    known.open.file->share(known.mapped);
    return {};
}

Expected<UniqueFd> Fakes::descriptor_of(size_t fake, std::shared_ptr<fakes::File> file, bool of_device) {
    forget_closed();
    const FakeLink link{.number = ++last_number_,
                        .device = plan_->fakes[fake].device,
                        .file = of_device ? std::string() : file->name()};
    UniqueFd memory(::memfd_create(link.memory_file_name().c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    struct stat status {};
    if (!memory || ::fstat(memory.get(), &status) != 0) return failure("can't make a memory file for a fake");
    Known known{.open = {.fake = fake, .file = std::move(file), .is_device = of_device},
                .inode = status.st_ino};
    if (auto shared = share(memory, known); !shared) return std::unexpected(shared.error());
    // The target gets it as an open file of its own, whose last descriptor is not the runner's mapping.
    UniqueFd opened(::open(own_descriptor(memory).c_str(), O_RDWR | O_CLOEXEC));
    if (!opened) {
        unmap(known.mapped);
        return failure("can't open the memory file of a fake");
    }
    memory.reset();
    known.watch = ::inotify_add_watch(closings_.get(), own_descriptor(opened).c_str(), IN_CLOSE_WRITE);
    known_.emplace(link.number, std::move(known));
    return opened;
}

void Fakes::count_unknown(size_t fake, std::uint32_t request, const ProcessPath& by, unsigned by_nth) {
    auto& unknown = states_[fake].unknown;
    const auto known = std::ranges::find(unknown, request, &UnknownRequest::number);
    constexpr size_t most = 200;
    if (known != unknown.end())
        ++known->times;
    else if (unknown.size() < most)
        unknown.push_back({.number = request, .times = 1, .by = by, .by_nth = by_nth});
}

std::string request_name(std::uint32_t request, const std::string& device) {
    const auto names = ioctl_request_names(request);
    if (names.empty()) return {};
    std::string prefix(file_name(device));
    std::ranges::transform(prefix, prefix.begin(), [](char c) {
        return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    });
    const auto fitting =
        std::ranges::find_if(names, [&](const std::string& name) { return name.starts_with(prefix + "_"); });
    return fitting == names.end() ? names.front() : *fitting;
}

std::vector<std::uint32_t> waiting_requests(const PlannedFake& fake) {
    return device_of(fake)->waiting_requests();
}

}  // namespace rehang
