#include "supervise/asked_call.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace rehang {
namespace {

std::vector<std::uint64_t> words_for(size_t bytes) {
    return std::vector<std::uint64_t>((bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
}

}  // namespace

AskedCall::AskedCall() {
    seccomp_notif_sizes sizes{};
    ::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
    question_ = words_for(std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)));
    response_ = words_for(std::max<size_t>(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp)));
}

bool AskedCall::receive(int listener) {
    std::ranges::fill(question_, 0);  // the kernel wants it so
    return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, question_.data()) == 0;
}

const seccomp_notif& AskedCall::question() const {
    return *reinterpret_cast<const seccomp_notif*>(question_.data());
}

void AskedCall::answer(int listener, const CallAnswer& answer) {
    constexpr std::int64_t max_errno = 4095;  // MAX_ERRNO of the kernel
    std::ranges::fill(response_, 0);
    auto& response = *reinterpret_cast<seccomp_notif_resp*>(response_.data());
    response.id = question().id;
    if (answer.make)
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else if (answer.value < 0 && answer.value >= -max_errno)
        response.error = static_cast<std::int32_t>(answer.value);
    else
        response.val = answer.value;
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);  // ENOENT: the caller was killed
}

}  // namespace rehang
