#include "devices/kvm/x86/msr_requests.h"

#include <fmt/format.h>

namespace rehang::fakes::kvm::x86 {

namespace {

constexpr std::uint32_t too_many_msrs = 256;  // MAX_IO_MSRS

// What was asked, or what is wrong with it.
struct Asked {
    std::vector<MsrEntry> entries = {};
    int errno_value = 0;
};

Asked read(const Memory& memory, std::uint64_t argument) {
    const auto header = copy_in<MsrsHeader>(memory, argument);
    if (!header) return {.errno_value = EFAULT};
    if (header->count >= too_many_msrs) return {.errno_value = E2BIG};
    auto entries = copy_in<MsrEntry>(memory, argument + sizeof(MsrsHeader), header->count);
    if (!entries) return {.errno_value = EFAULT};
    return {.entries = std::move(*entries)};
}

// The first one that did not go is what a reader looks for.
Answer went(std::span<const MsrEntry> entries, std::size_t count) {
    std::string detail = fmt::format("{} of {}", count, entries.size());
    if (count < entries.size()) detail += fmt::format(", no MSR {:#x}", entries[count].index);
    return gives(static_cast<std::int64_t>(count), detail);
}

}  // namespace

Answer get_msrs(const GetMsr& get, Memory& memory, std::uint64_t argument) {
    Asked asked = read(memory, argument);
    if (asked.errno_value) return fails(asked.errno_value);
    std::size_t count = 0;
    for (MsrEntry& entry : asked.entries) {
        const auto value = get(entry.index);
        if (!value) break;
        entry.data = *value;
        ++count;
    }
    if (!memory.write(argument + sizeof(MsrsHeader), std::as_bytes(std::span(asked.entries))))
        return fails(EFAULT);
    return went(asked.entries, count);
}

Answer set_msrs(const SetMsr& set, const Memory& memory, std::uint64_t argument) {
    const Asked asked = read(memory, argument);
    if (asked.errno_value) return fails(asked.errno_value);
    std::size_t count = 0;
    for (const MsrEntry& entry : asked.entries) {
        if (!set(entry.index, entry.data)) break;
        ++count;
    }
    return went(asked.entries, count);
}

}  // namespace rehang::fakes::kvm::x86
