// The struct that an ioctl's argument points to, as a described device has it, and the bytes of its members.
#pragma once

#include <expected>
#include <string>

#include "devices/described/description.h"
#include "scenario/toml_tree.h"

namespace rehang {

// { tm_sec = "s32", name = "char[16]", reserved = "u64[2]" }: in this order, aligned as the C compiler does
// it. Failure: the place and what is wrong there.
std::expected<fakes::DescribedLayout, TomlMistake> read_layout(const TomlTable& members);

// { tm_sec = 12, name = "rtc0", reserved = [0, 0] }: the bytes of each.
std::expected<std::vector<fakes::DescribedBytes>, TomlMistake> read_members(
    const TomlTable& values, const fakes::DescribedLayout& layout);

// "00 1f 20": two digits a byte, spaces where you like.
std::expected<std::string, std::string> read_hex(std::string_view text);

}  // namespace rehang
