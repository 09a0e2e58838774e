// The seccomp filter of a [[process]]: made where targets are supervised, installed where they are launched.
#pragma once

#include <vector>

namespace rehang {

struct TargetFilter {
    std::vector<unsigned char>
        program;            // struct sock_filter, as seccomp_export_bpf(3) writes them; empty: none
    bool notifies = false;  // some calls wait for a listener's answer (seccomp_unotify(2))
};

// Who installs a filter that notifies then makes this call, with the listener's descriptor as the third
// argument: seccomp(listener_handover, 0, fd). There is no such operation, so the kernel answers EINVAL; the
// supervisor, which the filter stops at every seccomp(2), takes a copy of the descriptor meanwhile.
inline constexpr unsigned listener_handover = 0x72656867;

}  // namespace rehang
