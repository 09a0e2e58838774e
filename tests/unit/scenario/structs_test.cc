// The table of structs fits the table of calls.
#include <algorithm>
#include <array>

#include "base/names.h"
#include "base/syscall_arguments.h"
#include "catch.h"
#include "scenario/argument_text.h"
#include "scenario/struct_members.h"
#include "scenario/struct_use.h"

using namespace rehang;
using Direction = StructUse::Direction;

namespace {

ArgumentDecl asking(const std::string& argument, const std::string& value) {
    return {.name = {argument, {}}, .value = Text{value, {}}, .bytes = {}, .members = {}};
}

}  // namespace

TEST_CASE("every struct has members of a size that can be compared, and a call that points to it") {
    for (const std::string& owner : struct_names()) {
        INFO(owner);
        CHECK(is_known_struct(owner));
        CHECK_FALSE(uses_of_struct(owner).empty());
        for (const std::string& name : member_names(owner)) {
            INFO(name);
            const auto member = parse_member(owner, name);
            REQUIRE(member);
            CHECK(std::ranges::count(std::array{1U, 2U, 4U, 8U}, member->size) == 1);
            // The kernel packs one of them.
            if (owner != "epoll_event") CHECK(member->offset % member->size == 0);
        }
    }
}

TEST_CASE("every call that is said to take a struct has that argument, which is a pointer") {
    for (const std::string& owner : struct_names()) {
        for (const StructUse& use : uses_of_struct(owner)) {
            INFO(owner << " of " << use.call);
            const bool exists = syscall_number(use.call) || is_foreign_syscall(use.call);
            CHECK(exists);
            const auto arguments = syscall_arguments(use.call);
            const auto argument = std::ranges::find(arguments, use.argument, &SyscallArgument::name);
            REQUIRE(argument != arguments.end());
            CHECK(argument->kind == SyscallArgument::Kind::pointer);
        }
    }
}

TEST_CASE("every command that a struct goes with is known") {
    for (const std::string& owner : struct_names()) {
        for (const StructUse& use : uses_of_struct(owner)) {
            for (std::string_view rest = use.commands; !rest.empty();) {
                const std::string command(rest.substr(0, rest.find(' ')));
                rest.remove_prefix(std::min(command.size() + 1, rest.size()));
                INFO(owner << " with " << command);
                CHECK(parse_argument_value(use.call, command_argument, command));
                const Direction direction = use.direction == Direction::out ? Direction::out : Direction::in;
                CHECK(argument_with_struct(owner, use.call, direction, {asking("cmd", command)}));
            }
        }
    }
}

TEST_CASE("what the kernel reads and what it writes can be different arguments") {
    CHECK(argument_with_struct("timespec", "nanosleep", Direction::in, {}) == 0U);
    CHECK(argument_with_struct("timespec", "nanosleep", Direction::out, {}) == 1U);
    CHECK(argument_with_struct("stat", "fstat", Direction::out, {}) == 1U);
    CHECK_FALSE(argument_with_struct("stat", "fstat", Direction::in, {}));
    CHECK(argument_with_struct("winsize", "ioctl", Direction::in, {asking("request", "TIOCSWINSZ")}) == 2U);
    CHECK_FALSE(argument_with_struct("winsize", "ioctl", Direction::in, {asking("request", "TIOCGWINSZ")}));
    CHECK(argument_with_struct("winsize", "ioctl", Direction::out, {asking("cmd", "0x5413")}) == 2U);
}

TEST_CASE("members that protocols have in their own byte order are written as people read them") {
    const auto value = [](const char* owner, const char* member, const char* text) {
        const auto bits = parse_member_value(*parse_member(owner, member), text);
        REQUIRE(bits);
        return *bits;
    };
    CHECK(value("sockaddr_in", "sin_port", "0x1234").value == 0x3412);
    CHECK(value("sockaddr_in", "sin_port", "&0x0100").mask == 0x0001);
    CHECK(value("sockaddr_in", "sin_addr", "10.0.0.1").value == 0x0100000a);
    CHECK(value("sockaddr_in", "sin_addr", "0x0a000001").value == 0x0100000a);
    CHECK(value("sockaddr_in", "sin_family", "AF_INET").value == 2);
    CHECK_FALSE(parse_member_value(*parse_member("sockaddr_in", "sin_port"), "65536"));
    CHECK_FALSE(parse_member_value(*parse_member("sockaddr_in", "sin_addr"), "10.0.0"));
}
