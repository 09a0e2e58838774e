#include "scenario/struct_members.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/if.h>
#include <linux/io_uring.h>
#include <linux/kvm.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace rehang {
namespace {

// The compiler knows where the members are.
#define MEMBER(owner, name)                                                                             \
    StructMember {                                                                                      \
#owner, #name, offsetof(struct owner, name), sizeof(std::declval <struct owner&>().name), false \
    }
#define IN_NETWORK_ORDER(owner, name)                                                                  \
    StructMember {                                                                                     \
#owner, #name, offsetof(struct owner, name), sizeof(std::declval <struct owner&>().name), true \
    }
constexpr std::array members{
    MEMBER(timespec, tv_sec),
    MEMBER(timespec, tv_nsec),
    MEMBER(timeval, tv_sec),
    MEMBER(timeval, tv_usec),
    MEMBER(itimerspec, it_interval.tv_sec),
    MEMBER(itimerspec, it_interval.tv_nsec),
    MEMBER(itimerspec, it_value.tv_sec),
    MEMBER(itimerspec, it_value.tv_nsec),
    MEMBER(itimerval, it_interval.tv_sec),
    MEMBER(itimerval, it_interval.tv_usec),
    MEMBER(itimerval, it_value.tv_sec),
    MEMBER(itimerval, it_value.tv_usec),
    MEMBER(rlimit, rlim_cur),
    MEMBER(rlimit, rlim_max),
    MEMBER(flock, l_type),
    MEMBER(flock, l_whence),
    MEMBER(flock, l_start),
    MEMBER(flock, l_len),
    MEMBER(flock, l_pid),
    MEMBER(clone_args, flags),
    MEMBER(clone_args, pidfd),
    MEMBER(clone_args, child_tid),
    MEMBER(clone_args, parent_tid),
    MEMBER(clone_args, exit_signal),
    MEMBER(clone_args, stack),
    MEMBER(clone_args, stack_size),
    MEMBER(clone_args, tls),
    MEMBER(clone_args, set_tid),
    MEMBER(clone_args, set_tid_size),
    MEMBER(clone_args, cgroup),
    MEMBER(open_how, flags),
    MEMBER(open_how, mode),
    MEMBER(open_how, resolve),
    MEMBER(epoll_event, events),
    MEMBER(epoll_event, data),
    MEMBER(pollfd, fd),
    MEMBER(pollfd, events),
    MEMBER(pollfd, revents),
    MEMBER(sockaddr, sa_family),
    MEMBER(sockaddr_in, sin_family),
    IN_NETWORK_ORDER(sockaddr_in, sin_port),
    IN_NETWORK_ORDER(sockaddr_in, sin_addr),
    MEMBER(sockaddr_in6, sin6_family),
    IN_NETWORK_ORDER(sockaddr_in6, sin6_port),
    IN_NETWORK_ORDER(sockaddr_in6, sin6_flowinfo),
    MEMBER(sockaddr_in6, sin6_scope_id),
    MEMBER(sockaddr_nl, nl_family),
    MEMBER(sockaddr_nl, nl_pid),
    MEMBER(sockaddr_nl, nl_groups),
    MEMBER(msghdr, msg_name),
    MEMBER(msghdr, msg_namelen),
    MEMBER(msghdr, msg_iov),
    MEMBER(msghdr, msg_iovlen),
    MEMBER(msghdr, msg_control),
    MEMBER(msghdr, msg_controllen),
    MEMBER(msghdr, msg_flags),
    MEMBER(iovec, iov_base),
    MEMBER(iovec, iov_len),
    MEMBER(sembuf, sem_num),
    MEMBER(sembuf, sem_op),
    MEMBER(sembuf, sem_flg),
    MEMBER(sched_param, sched_priority),
    MEMBER(stat, st_dev),
    MEMBER(stat, st_ino),
    MEMBER(stat, st_nlink),
    MEMBER(stat, st_mode),
    MEMBER(stat, st_uid),
    MEMBER(stat, st_gid),
    MEMBER(stat, st_rdev),
    MEMBER(stat, st_size),
    MEMBER(stat, st_blksize),
    MEMBER(stat, st_blocks),
    MEMBER(statx, stx_mask),
    MEMBER(statx, stx_blksize),
    MEMBER(statx, stx_attributes),
    MEMBER(statx, stx_nlink),
    MEMBER(statx, stx_uid),
    MEMBER(statx, stx_gid),
    MEMBER(statx, stx_mode),
    MEMBER(statx, stx_ino),
    MEMBER(statx, stx_size),
    MEMBER(statx, stx_blocks),
    MEMBER(statfs, f_type),
    MEMBER(statfs, f_bsize),
    MEMBER(statfs, f_blocks),
    MEMBER(statfs, f_bfree),
    MEMBER(statfs, f_bavail),
    MEMBER(statfs, f_files),
    MEMBER(statfs, f_ffree),
    MEMBER(statfs, f_namelen),
    MEMBER(statfs, f_flags),
    MEMBER(sysinfo, uptime),
    MEMBER(sysinfo, totalram),
    MEMBER(sysinfo, freeram),
    MEMBER(sysinfo, sharedram),
    MEMBER(sysinfo, bufferram),
    MEMBER(sysinfo, totalswap),
    MEMBER(sysinfo, freeswap),
    MEMBER(sysinfo, procs),
    MEMBER(sysinfo, mem_unit),
    MEMBER(perf_event_attr, type),
    MEMBER(perf_event_attr, size),
    MEMBER(perf_event_attr, config),
    MEMBER(io_uring_params, sq_entries),
    MEMBER(io_uring_params, cq_entries),
    MEMBER(io_uring_params, flags),
    MEMBER(io_uring_params, features),
    MEMBER(winsize, ws_row),
    MEMBER(winsize, ws_col),
    MEMBER(winsize, ws_xpixel),
    MEMBER(winsize, ws_ypixel),
    MEMBER(ifreq, ifr_flags),
    MEMBER(ifreq, ifr_ifindex),
    MEMBER(ifreq, ifr_mtu),
    MEMBER(ifreq, ifr_metric),
    MEMBER(file_clone_range, src_fd),
    MEMBER(file_clone_range, src_offset),
    MEMBER(file_clone_range, src_length),
    MEMBER(file_clone_range, dest_offset),
    MEMBER(fstrim_range, start),
    MEMBER(fstrim_range, len),
    MEMBER(fstrim_range, minlen),
    MEMBER(kvm_device_attr, flags),
    MEMBER(kvm_device_attr, group),
    MEMBER(kvm_device_attr, attr),
    MEMBER(kvm_device_attr, addr),
    MEMBER(kvm_irq_level, irq),
    MEMBER(kvm_irq_level, status),
    MEMBER(kvm_irq_level, level),
    MEMBER(kvm_enable_cap, cap),
    MEMBER(kvm_enable_cap, flags),
    MEMBER(kvm_enable_cap, args[0]),
    MEMBER(kvm_enable_cap, args[1]),
    MEMBER(kvm_enable_cap, args[2]),
    MEMBER(kvm_enable_cap, args[3]),
    MEMBER(kvm_create_device, type),
    MEMBER(kvm_create_device, fd),
    MEMBER(kvm_create_device, flags),
    MEMBER(kvm_userspace_memory_region, slot),
    MEMBER(kvm_userspace_memory_region, flags),
    MEMBER(kvm_userspace_memory_region, guest_phys_addr),
    MEMBER(kvm_userspace_memory_region, memory_size),
    MEMBER(kvm_userspace_memory_region, userspace_addr),
    MEMBER(kvm_one_reg, id),
    MEMBER(kvm_one_reg, addr),
    MEMBER(kvm_mp_state, mp_state),
    MEMBER(kvm_ioeventfd, datamatch),
    MEMBER(kvm_ioeventfd, addr),
    MEMBER(kvm_ioeventfd, len),
    MEMBER(kvm_ioeventfd, fd),
    MEMBER(kvm_ioeventfd, flags),
    MEMBER(kvm_irqfd, fd),
    MEMBER(kvm_irqfd, gsi),
    MEMBER(kvm_irqfd, flags),
    MEMBER(kvm_irqfd, resamplefd),
    MEMBER(kvm_msi, address_lo),
    MEMBER(kvm_msi, address_hi),
    MEMBER(kvm_msi, data),
    MEMBER(kvm_msi, flags),
    MEMBER(kvm_irq_routing, nr),
    MEMBER(kvm_irq_routing, flags),
    MEMBER(kvm_dirty_log, slot),
};
#undef MEMBER
#undef IN_NETWORK_ORDER

constexpr auto in = StructUse::Direction::in;
constexpr auto out = StructUse::Direction::out;
constexpr auto both = StructUse::Direction::both;
constexpr std::array uses{
    StructUse{"timespec", "nanosleep", "rqtp", in, ""},
    StructUse{"timespec", "nanosleep", "rmtp", out, ""},
    StructUse{"timespec", "clock_nanosleep", "rqtp", in, ""},
    StructUse{"timespec", "clock_nanosleep", "rmtp", out, ""},
    StructUse{"timespec", "clock_gettime", "tp", out, ""},
    StructUse{"timespec", "clock_getres", "tp", out, ""},
    StructUse{"timespec", "clock_settime", "tp", in, ""},
    StructUse{"timespec", "futex", "utime", in, ""},
    StructUse{"timespec", "ppoll", "tsp", in, ""},
    StructUse{"timespec", "pselect6", "tsp", in, ""},
    StructUse{"timespec", "epoll_pwait2", "timeout", in, ""},
    StructUse{"timespec", "semtimedop", "timeout", in, ""},
    StructUse{"timespec", "rt_sigtimedwait", "uts", in, ""},
    StructUse{"timespec", "recvmmsg", "timeout", in, ""},
    StructUse{"timespec", "io_getevents", "timeout", in, ""},
    StructUse{"timespec", "mq_timedsend", "abs_timeout", in, ""},
    StructUse{"timespec", "mq_timedreceive", "abs_timeout", in, ""},
    StructUse{"timespec", "futex_waitv", "timeout", in, ""},
    StructUse{"timespec", "sched_rr_get_interval", "interval", out, ""},
    StructUse{"timeval", "select", "tvp", in, ""},
    StructUse{"timeval", "gettimeofday", "tv", out, ""},
    StructUse{"timeval", "settimeofday", "tv", in, ""},
    StructUse{"itimerspec", "timer_settime", "new_setting", in, ""},
    StructUse{"itimerspec", "timer_settime", "old_setting", out, ""},
    StructUse{"itimerspec", "timer_gettime", "setting", out, ""},
    StructUse{"itimerspec", "timerfd_settime", "utmr", in, ""},
    StructUse{"itimerspec", "timerfd_settime", "otmr", out, ""},
    StructUse{"itimerspec", "timerfd_gettime", "otmr", out, ""},
    StructUse{"itimerval", "setitimer", "value", in, ""},
    StructUse{"itimerval", "setitimer", "ovalue", out, ""},
    StructUse{"itimerval", "getitimer", "value", out, ""},
    StructUse{"rlimit", "setrlimit", "rlim", in, ""},
    StructUse{"rlimit", "getrlimit", "rlim", out, ""},
    StructUse{"rlimit", "prlimit64", "new_rlim", in, ""},
    StructUse{"rlimit", "prlimit64", "old_rlim", out, ""},
    StructUse{"flock", "fcntl", "arg", both, "F_GETLK F_SETLK F_SETLKW F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW"},
    StructUse{"clone_args", "clone3", "uargs", in, ""},
    StructUse{"open_how", "openat2", "how", in, ""},
    StructUse{"epoll_event", "epoll_ctl", "event", in, ""},
    StructUse{"epoll_event", "epoll_wait", "events", out, ""},
    StructUse{"epoll_event", "epoll_pwait", "events", out, ""},
    StructUse{"epoll_event", "epoll_pwait2", "events", out, ""},
    StructUse{"pollfd", "poll", "ufds", both, ""},
    StructUse{"pollfd", "ppoll", "ufds", both, ""},
    StructUse{"sockaddr", "connect", "uservaddr", in, ""},
    StructUse{"sockaddr", "bind", "umyaddr", in, ""},
    StructUse{"sockaddr", "sendto", "addr", in, ""},
    StructUse{"sockaddr", "accept", "upeer_sockaddr", out, ""},
    StructUse{"sockaddr", "accept4", "upeer_sockaddr", out, ""},
    StructUse{"sockaddr", "getsockname", "usockaddr", out, ""},
    StructUse{"sockaddr", "getpeername", "usockaddr", out, ""},
    StructUse{"sockaddr", "recvfrom", "addr", out, ""},
    StructUse{"sockaddr_in", "connect", "uservaddr", in, ""},
    StructUse{"sockaddr_in", "bind", "umyaddr", in, ""},
    StructUse{"sockaddr_in", "sendto", "addr", in, ""},
    StructUse{"sockaddr_in", "accept", "upeer_sockaddr", out, ""},
    StructUse{"sockaddr_in", "accept4", "upeer_sockaddr", out, ""},
    StructUse{"sockaddr_in", "getsockname", "usockaddr", out, ""},
    StructUse{"sockaddr_in", "getpeername", "usockaddr", out, ""},
    StructUse{"sockaddr_in", "recvfrom", "addr", out, ""},
    StructUse{"sockaddr_in6", "connect", "uservaddr", in, ""},
    StructUse{"sockaddr_in6", "bind", "umyaddr", in, ""},
    StructUse{"sockaddr_in6", "sendto", "addr", in, ""},
    StructUse{"sockaddr_in6", "accept", "upeer_sockaddr", out, ""},
    StructUse{"sockaddr_in6", "accept4", "upeer_sockaddr", out, ""},
    StructUse{"sockaddr_in6", "getsockname", "usockaddr", out, ""},
    StructUse{"sockaddr_in6", "getpeername", "usockaddr", out, ""},
    StructUse{"sockaddr_in6", "recvfrom", "addr", out, ""},
    StructUse{"sockaddr_nl", "connect", "uservaddr", in, ""},
    StructUse{"sockaddr_nl", "bind", "umyaddr", in, ""},
    StructUse{"sockaddr_nl", "sendto", "addr", in, ""},
    StructUse{"sockaddr_nl", "accept", "upeer_sockaddr", out, ""},
    StructUse{"sockaddr_nl", "accept4", "upeer_sockaddr", out, ""},
    StructUse{"sockaddr_nl", "getsockname", "usockaddr", out, ""},
    StructUse{"sockaddr_nl", "getpeername", "usockaddr", out, ""},
    StructUse{"sockaddr_nl", "recvfrom", "addr", out, ""},
    StructUse{"msghdr", "sendmsg", "msg", in, ""},
    StructUse{"msghdr", "recvmsg", "msg", both, ""},
    StructUse{"iovec", "readv", "vec", in, ""},
    StructUse{"iovec", "writev", "vec", in, ""},
    StructUse{"iovec", "preadv", "vec", in, ""},
    StructUse{"iovec", "pwritev", "vec", in, ""},
    StructUse{"iovec", "preadv2", "vec", in, ""},
    StructUse{"iovec", "pwritev2", "vec", in, ""},
    StructUse{"iovec", "vmsplice", "iov", in, ""},
    StructUse{"sembuf", "semop", "sops", in, ""},
    StructUse{"sembuf", "semtimedop", "sops", in, ""},
    StructUse{"sched_param", "sched_setparam", "param", in, ""},
    StructUse{"sched_param", "sched_setscheduler", "param", in, ""},
    StructUse{"sched_param", "sched_getparam", "param", out, ""},
    StructUse{"stat", "stat", "statbuf", out, ""},
    StructUse{"stat", "lstat", "statbuf", out, ""},
    StructUse{"stat", "fstat", "statbuf", out, ""},
    StructUse{"stat", "newfstatat", "statbuf", out, ""},
    StructUse{"statx", "statx", "buffer", out, ""},
    StructUse{"statfs", "statfs", "buf", out, ""},
    StructUse{"statfs", "fstatfs", "buf", out, ""},
    StructUse{"sysinfo", "sysinfo", "info", out, ""},
    StructUse{"perf_event_attr", "perf_event_open", "attr_uptr", in, ""},
    StructUse{"io_uring_params", "io_uring_setup", "params", both, ""},
    StructUse{"winsize", "ioctl", "arg", in, "TIOCSWINSZ"},
    StructUse{"winsize", "ioctl", "arg", out, "TIOCGWINSZ"},
    StructUse{"ifreq", "ioctl", "arg", both,
              "SIOCGIFFLAGS SIOCSIFFLAGS SIOCGIFINDEX SIOCGIFMTU SIOCSIFMTU SIOCGIFMETRIC SIOCSIFMETRIC "
              "TUNSETIFF TUNGETIFF"},
    StructUse{"file_clone_range", "ioctl", "arg", in, "FICLONERANGE"},
    StructUse{"fstrim_range", "ioctl", "arg", both, "FITRIM"},
    StructUse{"kvm_device_attr", "ioctl", "arg", in,
              "KVM_SET_DEVICE_ATTR KVM_GET_DEVICE_ATTR KVM_HAS_DEVICE_ATTR"},
    StructUse{"kvm_irq_level", "ioctl", "arg", both, "KVM_IRQ_LINE KVM_IRQ_LINE_STATUS"},
    StructUse{"kvm_enable_cap", "ioctl", "arg", in, "KVM_ENABLE_CAP"},
    StructUse{"kvm_create_device", "ioctl", "arg", both, "KVM_CREATE_DEVICE"},
    StructUse{"kvm_userspace_memory_region", "ioctl", "arg", in, "KVM_SET_USER_MEMORY_REGION"},
    StructUse{"kvm_one_reg", "ioctl", "arg", in, "KVM_GET_ONE_REG KVM_SET_ONE_REG"},
    StructUse{"kvm_mp_state", "ioctl", "arg", in, "KVM_SET_MP_STATE"},
    StructUse{"kvm_mp_state", "ioctl", "arg", out, "KVM_GET_MP_STATE"},
    StructUse{"kvm_ioeventfd", "ioctl", "arg", in, "KVM_IOEVENTFD"},
    StructUse{"kvm_irqfd", "ioctl", "arg", in, "KVM_IRQFD"},
    StructUse{"kvm_msi", "ioctl", "arg", in, "KVM_SIGNAL_MSI"},
    StructUse{"kvm_irq_routing", "ioctl", "arg", in, "KVM_SET_GSI_ROUTING"},
    StructUse{"kvm_dirty_log", "ioctl", "arg", both, "KVM_GET_DIRTY_LOG"},
};

}  // namespace

bool is_known_struct(std::string_view name) {
    return std::ranges::find(members, name, &StructMember::owner) != members.end();
}

std::vector<std::string> struct_names() {
    std::vector<std::string> names;
    for (const StructMember& member : members)
        if (names.empty() || names.back() != member.owner) names.emplace_back(member.owner);
    return names;
}

const StructMember* find_member(std::string_view owner, std::string_view name) {
    const auto* const found = std::ranges::find_if(
        members, [&](const StructMember& member) { return member.owner == owner && member.name == name; });
    return found == members.end() ? nullptr : found;
}

std::vector<std::string> member_names(std::string_view owner) {
    std::vector<std::string> names;
    for (const StructMember& member : members)
        if (member.owner == owner) names.emplace_back(member.name);
    return names;
}

std::vector<StructUse> uses_of_struct(std::string_view owner) {
    std::vector<StructUse> found;
    for (const StructUse& use : uses)
        if (use.owner == owner) found.push_back(use);
    return found;
}

}  // namespace rehang
