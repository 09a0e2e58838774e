// Which argument of a call points to a struct, and whether the scenario makes sure that it does.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/argument_text.h"
#include "scenario/fault_decl.h"
#include "scenario/judging.h"
#include "scenario/struct_members.h"

namespace rehang {

// The index of the argument of `call` that points to the struct, which the kernel reads (in) or writes (out).
// ioctl's and fcntl's argument is one only with some commands: `where` must ask for one of these.
std::expected<unsigned, std::string> argument_with_struct(std::string_view owner, std::string_view call,
                                                          StructUse::Direction direction,
                                                          const std::vector<ArgumentDecl>& where);

// Whether the command can be judged already, which may be a parameter.
bool command_is_known(std::string_view call, const std::vector<ArgumentDecl>& where, const Judging& judging);

// The member of a struct that is known; on failure the message, with a suggestion.
std::expected<StructMember, std::string> parse_member(std::string_view owner, std::string_view name);
// In the caller's byte order, within the member's size. Addresses may be written "127.0.0.1".
std::expected<ValueBits, std::string> parse_member_value(const StructMember& member, std::string_view text);

}  // namespace rehang
