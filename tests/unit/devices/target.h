// A program that uses a fake device, as the models see one: its memory, its open files, its calls.
#pragma once

#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "devices/answers.h"
#include "devices/models.h"

namespace rehang::fakes::test {

// A few pages somewhere; everything else is wild.
class TargetMemory final : public Memory {
  public:
    static constexpr std::uint64_t start = 0x7f0000000000;
    static constexpr std::uint64_t wild = 0xdead0000;

    bool read(std::uint64_t address, std::span<std::byte> into) const override {
        if (!inside(address, into.size())) return false;
        if (!into.empty()) std::memcpy(into.data(), bytes_.data() + (address - start), into.size());
        return true;
    }
    bool write(std::uint64_t address, std::span<const std::byte> from) override {
        if (read_only_ || !inside(address, from.size())) return false;
        if (!from.empty()) std::memcpy(bytes_.data() + (address - start), from.data(), from.size());
        return true;
    }

    // Where it has been put, 8-byte aligned.
    template <class T>
    std::uint64_t put(const T& object) {
        const std::uint64_t address = room(sizeof(T));
        if (!write(address, bytes_of(object))) throw std::runtime_error("the target's memory is full");
        return address;
    }
    std::uint64_t room(std::size_t size) {
        const std::uint64_t address = start + used_;
        used_ += (size + 7) / 8 * 8;
        return address;
    }
    template <class T>
    T at(std::uint64_t address) const {
        const auto object = copy_in<T>(*this, address);
        if (!object) throw std::runtime_error("not the target's memory");
        return *object;
    }

    void make_read_only() { read_only_ = true; }
    void reuse() { used_ = 0; }

  private:
    bool inside(std::uint64_t address, std::size_t size) const {
        return address >= start && address - start <= bytes_.size() &&
               size <= bytes_.size() - (address - start);
    }

    std::vector<std::byte> bytes_ = std::vector<std::byte>(256 * 1024);
    std::size_t used_ = 0;
    bool read_only_ = false;
};

class Target {
  public:
    explicit Target(std::string_view model, const Settings& settings = {})
        : device(make_device(model, settings)), kvm(device->open(2).opens) {}

    Answer call(const std::shared_ptr<File>& file, std::uint32_t request, std::uint64_t argument = 0) {
        return file->ioctl({.request = request, .argument = argument}, memory);
    }
    // With a structure.
    template <class T>
    Answer pass(const std::shared_ptr<File>& file, std::uint32_t request, const T& object) {
        return call(file, request, memory.put(object));
    }
    // A structure that the call fills.
    template <class T>
    T get(const std::shared_ptr<File>& file, std::uint32_t request, T object = {}) {
        const std::uint64_t address = memory.put(object);
        if (const Answer answer = call(file, request, address); answer.value < 0)
            throw std::runtime_error("errno " + std::to_string(-answer.value));
        return memory.at<T>(address);
    }

    TargetMemory memory;
    std::unique_ptr<Device> device;
    std::shared_ptr<File> kvm;
};

// A vCPU's file, mapped.
struct MappedVcpu {
    explicit MappedVcpu(std::shared_ptr<File> opened) : file(std::move(opened)), page(file->mapped_size()) {
        file->share(page);
    }
    template <class T>
    T at(std::size_t offset) const {
        T object{};
        std::memcpy(&object, page.data() + offset, sizeof(T));
        return object;
    }
    void set_immediate_exit(bool on) { page[1] = std::byte(on); }

    std::shared_ptr<File> file;
    std::vector<std::byte> page;
};

}  // namespace rehang::fakes::test
