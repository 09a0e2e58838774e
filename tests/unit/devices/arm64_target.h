// A VMM on arm64.
#pragma once

#include "devices/kvm/arm64/register_id.h"
#include "devices/kvm/arm64/structures.h"
#include "devices/kvm/requests.h"
#include "devices/kvm/structures.h"
#include "target.h"

namespace rehang::fakes::test {

namespace request = rehang::fakes::kvm::request;

struct Arm64Target : Target {
    explicit Arm64Target(const Settings& settings = {})
        : Target("kvm-arm64", settings), vm(call(kvm, request::create_vm).opens) {}

    std::shared_ptr<File> vcpu(std::uint64_t id, std::uint32_t features = 0) {
        auto made = call(vm, request::create_vcpu, id).opens;
        if (made) init(made, features);
        return made;
    }
    std::int64_t init(const std::shared_ptr<File>& made, std::uint32_t features) {
        const kvm::arm64::VcpuInit init{.target = kvm::arm64::VcpuInit::generic_v8, .features = {features}};
        return pass(made, request::arm64::vcpu_init, init).value;
    }
    Answer create(std::uint32_t type, bool test = false) {
        return pass(vm, request::create_device, kvm::CreateDevice{.type = type, .flags = test ? 1U : 0U});
    }
    // Attributes of a device or a vCPU.
    template <class T>
    std::int64_t set(const std::shared_ptr<File>& file, std::uint32_t group, std::uint64_t attribute,
                     T value) {
        const kvm::DeviceAttribute asked{
            .group = group, .attribute = attribute, .address = memory.put(value)};
        return pass(file, request::set_device_attr, asked).value;
    }
    std::int64_t act(const std::shared_ptr<File>& file, std::uint32_t group, std::uint64_t attribute) {
        return pass(file, request::set_device_attr,
                    kvm::DeviceAttribute{.group = group, .attribute = attribute})
            .value;
    }
    std::int64_t has(const std::shared_ptr<File>& file, std::uint32_t group, std::uint64_t attribute) {
        return pass(file, request::has_device_attr,
                    kvm::DeviceAttribute{.group = group, .attribute = attribute})
            .value;
    }
    // The value, or -errno.
    template <class T>
    std::int64_t get_attribute(const std::shared_ptr<File>& file, std::uint32_t group,
                               std::uint64_t attribute) {
        const kvm::DeviceAttribute asked{.group = group, .attribute = attribute, .address = memory.put(T{})};
        const Answer answer = pass(file, request::get_device_attr, asked);
        return answer.value < 0 ? answer.value : static_cast<std::int64_t>(memory.at<T>(asked.address));
    }
    std::int64_t irq_line(std::uint32_t kind, std::uint32_t vcpu, std::uint32_t number) {
        return pass(vm, request::irq_line, kvm::IrqLevel{.irq = kind << 24 | vcpu << 16 | number, .level = 1})
            .value;
    }
    std::int64_t get_register(const std::shared_ptr<File>& file, std::uint64_t id, std::uint64_t address) {
        return pass(file, request::arm64::get_one_reg, kvm::arm64::OneReg{.id = id, .address = address})
            .value;
    }
    std::uint64_t register_value(const std::shared_ptr<File>& file, std::uint64_t id) {
        const std::uint64_t address = memory.put(std::array<std::uint64_t, 2>{});
        if (const auto result = get_register(file, id, address); result != 0)
            throw std::runtime_error("errno " + std::to_string(-result));
        return memory.at<std::uint64_t>(address);
    }
    std::int64_t set_register(const std::shared_ptr<File>& file, std::uint64_t id, std::uint64_t value) {
        const std::uint64_t address = memory.put(std::array<std::uint64_t, 2>{value});
        return pass(file, request::arm64::set_one_reg, kvm::arm64::OneReg{.id = id, .address = address})
            .value;
    }

    std::shared_ptr<File> vm;
};

}  // namespace rehang::fakes::test
