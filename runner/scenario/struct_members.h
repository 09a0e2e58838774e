// The structs that system calls are given pointers to, as far as conditions and data can name their members.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rehang {

struct StructMember {
    std::string_view owner;  // "kvm_irq_level"
    std::string_view name;   // "level"; "it_value.tv_sec", "args[0]"
    unsigned offset = 0;
    unsigned size = 0;           // 1, 2, 4 or 8
    bool network_order = false;  // big endian, as the protocols have it
};

// A call that takes a struct.
struct StructUse {
    enum class Direction { in, out, both };  // read by the kernel, written by it
    std::string_view owner;
    std::string_view call;
    std::string_view argument;
    Direction direction = Direction::both;
    // Only with one of these as argument `command_argument`, separated by spaces; empty: always.
    std::string_view commands;
};
inline constexpr unsigned command_argument = 1;  // of ioctl and fcntl

bool is_known_struct(std::string_view name);
std::vector<std::string> struct_names();
const StructMember* find_member(std::string_view owner, std::string_view name);
std::vector<std::string> member_names(std::string_view owner);
std::vector<StructUse> uses_of_struct(std::string_view owner);

}  // namespace rehang
