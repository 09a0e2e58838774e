#include "supervise/filter_fakes.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstring>

#include "protocol.h"
#include "supervise/system_call.h"

namespace rehang {
namespace {

using Code = std::vector<sock_filter>;

constexpr std::uint32_t lower_half_of(unsigned argument) {
    return offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t);
}
constexpr std::uint32_t upper_half_of(unsigned argument) {
    return lower_half_of(argument) + sizeof(std::uint32_t);
}

sock_filter load(std::uint32_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}
sock_filter give(std::uint32_t action) {
    return BPF_STMT(BPF_RET | BPF_K, action);
}
void append(Code& code, const Code& more) {
    code.insert(code.end(), more.begin(), more.end());
}

// `what` if it is equal; otherwise behind that. A conditional jump reaches no further than 255 instructions.
void add_if_equal(Code& code, std::uint32_t value, const Code& what) {
    append(code, {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0),
                  BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(what.size()))});
    append(code, what);
}

// `what`, for this call only.
void add_for_call(Code& code, std::uint32_t architecture, int number, const Code& what) {
    Code if_called = {load(offsetof(seccomp_data, nr))};
    add_if_equal(if_called, static_cast<std::uint32_t>(number), what);
    append(code, {load(offsetof(seccomp_data, arch))});
    add_if_equal(code, architecture, if_called);
}

// The kernel takes 32 bits of it.
Code stop_requests(const std::vector<std::uint32_t>& requests) {
    Code code = {load(lower_half_of(1))};
    for (const std::uint32_t request : requests) add_if_equal(code, request, {give(SECCOMP_RET_TRACE)});
    return code;
}

void add_handed_on(Code& code) {
    append(code, {load(offsetof(seccomp_data, nr)), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, handed_on_mask)});
    add_if_equal(code, handed_on_base, {give(SECCOMP_RET_USER_NOTIF)});
}

Code at_offset(std::uint64_t offset, std::uint32_t action) {
    Code upper = {load(upper_half_of(3))};
    add_if_equal(upper, static_cast<std::uint32_t>(offset >> 32), {give(action)});
    Code code = {load(lower_half_of(3))};
    add_if_equal(code, static_cast<std::uint32_t>(offset), upper);
    return code;
}

Code code_of(const std::vector<unsigned char>& program) {
    Code code(program.size() / sizeof(sock_filter));
    std::memcpy(code.data(), program.data(), program.size());
    return code;
}

// What it would allow goes on behind its end.
Code without_allowing(Code code) {
    for (size_t i = 0; i < code.size(); ++i)
        if (code[i].code == (BPF_RET | BPF_K) && code[i].k == SECCOMP_RET_ALLOW)
            code[i] = BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(code.size() - i - 1));
    return code;
}

}  // namespace

std::vector<unsigned char> filter_with_fakes(const std::vector<unsigned char>& first,
                                             const std::vector<unsigned char>& second,
                                             const std::vector<std::uint32_t>& stopped_requests) {
    Code code;
    if (!stopped_requests.empty()) {
        const Code stop = stop_requests(stopped_requests);
        const int x32 = ::seccomp_syscall_resolve_name_arch(SCMP_ARCH_X32, "ioctl");
        const int i386 = ::seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, "ioctl");
        add_for_call(code, AUDIT_ARCH_X86_64, SYS_ioctl, stop);
        add_for_call(code, AUDIT_ARCH_X86_64, x32, stop);
        add_for_call(code, AUDIT_ARCH_I386, i386, stop);
    }
    add_handed_on(code);
    add_for_call(code, AUDIT_ARCH_X86_64, SYS_pwritev,
                 at_offset(REHANG_ASK_NOTIFIED, SECCOMP_RET_USER_NOTIF));
    add_for_call(code, AUDIT_ARCH_X86_64, SYS_pwritev, at_offset(REHANG_ASK_STOPPED, SECCOMP_RET_TRACE));
    append(code, without_allowing(code_of(first)));
    append(code, code_of(second));
    std::vector<unsigned char> program(code.size() * sizeof(sock_filter));
    std::memcpy(program.data(), code.data(), program.size());
    return program;
}

}  // namespace rehang
