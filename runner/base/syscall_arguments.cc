#include "base/syscall_arguments.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/names.h"

namespace rehang {
namespace {

struct Prototype {
    std::string_view call;
    std::string_view arguments;  // in order; "*" in front of those that fill a whole register
};

constexpr std::array prototypes{
    Prototype{"accept", "fd *upeer_sockaddr *upeer_addrlen"},
    Prototype{"accept4", "fd *upeer_sockaddr *upeer_addrlen flags"},
    Prototype{"access", "*filename mode"},
    Prototype{"alarm", "seconds"},
    Prototype{"bind", "fd *umyaddr addrlen"},
    Prototype{"brk", "*brk"},
    Prototype{"chdir", "*filename"},
    Prototype{"chmod", "*filename mode"},
    Prototype{"clock_nanosleep", "which_clock flags *rqtp *rmtp"},
    Prototype{"clone", "*clone_flags *newsp *parent_tidptr *child_tidptr *tls"},
    Prototype{"clone3", "*uargs *size"},
    Prototype{"close", "fd"},
    Prototype{"close_range", "fd max_fd flags"},
    Prototype{"connect", "fd *uservaddr addrlen"},
    Prototype{"creat", "*pathname mode"},
    Prototype{"dup", "fildes"},
    Prototype{"dup2", "oldfd newfd"},
    Prototype{"dup3", "oldfd newfd flags"},
    Prototype{"epoll_create1", "flags"},
    Prototype{"epoll_ctl", "epfd op fd *event"},
    Prototype{"epoll_pwait", "epfd *events maxevents timeout *sigmask *sigsetsize"},
    Prototype{"epoll_wait", "epfd *events maxevents timeout"},
    Prototype{"eventfd2", "count flags"},
    Prototype{"execve", "*filename *argv *envp"},
    Prototype{"execveat", "dfd *filename *argv *envp flags"},
    Prototype{"exit", "error_code"},
    Prototype{"exit_group", "error_code"},
    Prototype{"faccessat", "dfd *filename mode"},
    Prototype{"fallocate", "fd mode *offset *len"},
    Prototype{"fchmod", "fd mode"},
    Prototype{"fcntl", "fd cmd *arg"},
    Prototype{"fdatasync", "fd"},
    Prototype{"flock", "fd cmd"},
    Prototype{"fsync", "fd"},
    Prototype{"ftruncate", "fd *length"},
    Prototype{"futex", "*uaddr op val *utime *uaddr2 val3"},
    Prototype{"getdents64", "fd *dirent count"},
    Prototype{"getrandom", "*buf *count flags"},
    Prototype{"ioctl", "fd cmd *arg"},
    Prototype{"kill", "pid sig"},
    Prototype{"link", "*oldname *newname"},
    Prototype{"linkat", "olddfd *oldname newdfd *newname flags"},
    Prototype{"listen", "fd backlog"},
    Prototype{"lseek", "fd *offset whence"},
    Prototype{"madvise", "*start *len behavior"},
    Prototype{"memfd_create", "*uname_ptr flags"},
    Prototype{"mkdir", "*pathname mode"},
    Prototype{"mkdirat", "dfd *pathname mode"},
    Prototype{"mknod", "*filename mode dev"},
    Prototype{"mknodat", "dfd *filename mode dev"},
    Prototype{"mmap", "*addr *len *prot *flags fd *off"},
    Prototype{"mprotect", "*start *len *prot"},
    Prototype{"mremap", "*addr *old_len *new_len *flags *new_addr"},
    Prototype{"munmap", "*addr *len"},
    Prototype{"nanosleep", "*rqtp *rmtp"},
    Prototype{"open", "*filename flags mode"},
    Prototype{"openat", "dfd *filename flags mode"},
    Prototype{"openat2", "dfd *filename *how *usize"},
    Prototype{"pidfd_open", "pid flags"},
    Prototype{"pipe", "*fildes"},
    Prototype{"pipe2", "*fildes flags"},
    Prototype{"poll", "*ufds nfds timeout"},
    Prototype{"ppoll", "*ufds nfds *tsp *sigmask *sigsetsize"},
    Prototype{"prctl", "option *arg2 *arg3 *arg4 *arg5"},
    Prototype{"pread64", "fd *buf *count *pos"},
    Prototype{"pwrite64", "fd *buf *count *pos"},
    Prototype{"read", "fd *buf *count"},
    Prototype{"readlink", "*path *buf bufsiz"},
    Prototype{"readv", "*fd *vec *vlen"},
    Prototype{"recvfrom", "fd *ubuf *size flags *addr *addr_len"},
    Prototype{"recvmsg", "fd *msg flags"},
    Prototype{"rename", "*oldname *newname"},
    Prototype{"renameat", "olddfd *oldname newdfd *newname"},
    Prototype{"renameat2", "olddfd *oldname newdfd *newname flags"},
    Prototype{"rmdir", "*pathname"},
    Prototype{"rt_sigaction", "sig *act *oact *sigsetsize"},
    Prototype{"rt_sigprocmask", "how *set *oset *sigsetsize"},
    Prototype{"select", "n *inp *outp *exp *tvp"},
    Prototype{"semctl", "semid semnum cmd *arg"},
    Prototype{"semop", "semid *sops nsops"},
    Prototype{"sendmsg", "fd *msg flags"},
    Prototype{"sendto", "fd *buff *len flags *addr addr_len"},
    Prototype{"setitimer", "which *value *ovalue"},
    Prototype{"setpgid", "pid pgid"},
    Prototype{"setsockopt", "fd level optname *optval optlen"},
    Prototype{"shutdown", "fd how"},
    Prototype{"socket", "family type protocol"},
    Prototype{"socketpair", "family type protocol *usockvec"},
    Prototype{"stat", "*filename *statbuf"},
    Prototype{"symlink", "*old *new"},
    Prototype{"symlinkat", "*oldname newdfd *newname"},
    Prototype{"tgkill", "tgid pid sig"},
    Prototype{"tkill", "pid sig"},
    Prototype{"umask", "mask"},
    Prototype{"unlink", "*pathname"},
    Prototype{"unlinkat", "dfd *pathname flag"},
    Prototype{"unshare", "*unshare_flags"},
    Prototype{"wait4", "upid *stat_addr options *ru"},
    Prototype{"waitid", "which upid *infop options *ru"},
    Prototype{"write", "fd *buf *count"},
    Prototype{"writev", "*fd *vec *vlen"},
};

#define CONSTANT(name) std::pair<std::string_view, std::uint64_t>(#name, static_cast<std::uint64_t>(name))
constexpr std::array constants{
    CONSTANT(O_RDONLY),
    CONSTANT(O_WRONLY),
    CONSTANT(O_RDWR),
    CONSTANT(O_CREAT),
    CONSTANT(O_EXCL),
    CONSTANT(O_TRUNC),
    CONSTANT(O_APPEND),
    CONSTANT(O_NONBLOCK),
    CONSTANT(O_CLOEXEC),
    CONSTANT(O_DIRECTORY),
    CONSTANT(O_NOFOLLOW),
    CONSTANT(O_PATH),
    CONSTANT(AT_FDCWD),
    CONSTANT(AT_EMPTY_PATH),
    CONSTANT(AT_SYMLINK_NOFOLLOW),
    CONSTANT(AT_REMOVEDIR),
    CONSTANT(SEEK_SET),
    CONSTANT(SEEK_CUR),
    CONSTANT(SEEK_END),
    CONSTANT(F_DUPFD),
    CONSTANT(F_DUPFD_CLOEXEC),
    CONSTANT(F_GETFD),
    CONSTANT(F_SETFD),
    CONSTANT(F_GETFL),
    CONSTANT(F_SETFL),
    CONSTANT(F_GETLK),
    CONSTANT(F_SETLK),
    CONSTANT(F_SETLKW),
    CONSTANT(F_OFD_GETLK),
    CONSTANT(F_OFD_SETLK),
    CONSTANT(F_OFD_SETLKW),
    CONSTANT(LOCK_SH),
    CONSTANT(LOCK_EX),
    CONSTANT(LOCK_UN),
    CONSTANT(LOCK_NB),
    CONSTANT(FUTEX_WAIT),
    CONSTANT(FUTEX_WAKE),
    CONSTANT(FUTEX_REQUEUE),
    CONSTANT(FUTEX_CMP_REQUEUE),
    CONSTANT(FUTEX_WAKE_OP),
    CONSTANT(FUTEX_LOCK_PI),
    CONSTANT(FUTEX_UNLOCK_PI),
    CONSTANT(FUTEX_LOCK_PI2),
    CONSTANT(FUTEX_WAIT_BITSET),
    CONSTANT(FUTEX_WAKE_BITSET),
    CONSTANT(FUTEX_PRIVATE_FLAG),
    CONSTANT(FUTEX_CLOCK_REALTIME),
    CONSTANT(FUTEX_WAIT_PRIVATE),
    CONSTANT(FUTEX_WAKE_PRIVATE),
    CONSTANT(FUTEX_WAIT_BITSET_PRIVATE),
    CONSTANT(FUTEX_WAKE_BITSET_PRIVATE),
    CONSTANT(FUTEX_LOCK_PI_PRIVATE),
    CONSTANT(PROT_NONE),
    CONSTANT(PROT_READ),
    CONSTANT(PROT_WRITE),
    CONSTANT(PROT_EXEC),
    CONSTANT(MAP_SHARED),
    CONSTANT(MAP_PRIVATE),
    CONSTANT(MAP_ANONYMOUS),
    CONSTANT(MAP_FIXED),
    CONSTANT(MADV_DONTNEED),
    CONSTANT(MADV_DONTFORK),
    CONSTANT(AF_UNIX),
    CONSTANT(AF_INET),
    CONSTANT(AF_INET6),
    CONSTANT(AF_NETLINK),
    CONSTANT(SOCK_STREAM),
    CONSTANT(SOCK_DGRAM),
    CONSTANT(SOCK_SEQPACKET),
    CONSTANT(SOCK_NONBLOCK),
    CONSTANT(SOCK_CLOEXEC),
    CONSTANT(SOL_SOCKET),
    CONSTANT(SHUT_RD),
    CONSTANT(SHUT_WR),
    CONSTANT(SHUT_RDWR),
    CONSTANT(MSG_DONTWAIT),
    CONSTANT(MSG_NOSIGNAL),
    CONSTANT(MSG_PEEK),
    CONSTANT(MSG_WAITALL),
    CONSTANT(EPOLL_CTL_ADD),
    CONSTANT(EPOLL_CTL_MOD),
    CONSTANT(EPOLL_CTL_DEL),
    CONSTANT(EFD_CLOEXEC),
    CONSTANT(EFD_NONBLOCK),
    CONSTANT(EFD_SEMAPHORE),
    CONSTANT(CLONE_VM),
    CONSTANT(CLONE_FS),
    CONSTANT(CLONE_FILES),
    CONSTANT(CLONE_VFORK),
    CONSTANT(CLONE_THREAD),
    CONSTANT(CLONE_PARENT),
    CONSTANT(CLONE_NEWUSER),
    CONSTANT(CLONE_NEWNS),
    CONSTANT(CLONE_NEWPID),
    CONSTANT(CLONE_NEWNET),
    CONSTANT(WNOHANG),
    CONSTANT(WUNTRACED),
    CONSTANT(WCONTINUED),
    CONSTANT(WEXITED),
    CONSTANT(WNOWAIT),
    CONSTANT(P_ALL),
    CONSTANT(P_PID),
    CONSTANT(P_PGID),
    CONSTANT(P_PIDFD),
    CONSTANT(ITIMER_REAL),
    CONSTANT(ITIMER_VIRTUAL),
    CONSTANT(ITIMER_PROF),
    CONSTANT(SIG_BLOCK),
    CONSTANT(SIG_UNBLOCK),
    CONSTANT(SIG_SETMASK),
    CONSTANT(S_IFREG),
    CONSTANT(S_IFDIR),
    CONSTANT(S_IFIFO),
    CONSTANT(S_IFSOCK),
    CONSTANT(PR_SET_NAME),
    CONSTANT(PR_SET_PDEATHSIG),
    CONSTANT(PR_SET_DUMPABLE),
    CONSTANT(PR_SET_NO_NEW_PRIVS),
    CONSTANT(PR_SET_CHILD_SUBREAPER),
    CONSTANT(FIONREAD),
    CONSTANT(FIONBIO),
    CONSTANT(TCGETS),
    CONSTANT(TCSETS),
    CONSTANT(TIOCGWINSZ),
    CONSTANT(TIOCSCTTY),
    CONSTANT(STDIN_FILENO),
    CONSTANT(STDOUT_FILENO),
    CONSTANT(STDERR_FILENO),
};
#undef CONSTANT

}  // namespace

std::vector<SyscallArgument> syscall_arguments(std::string_view call) {
    std::vector<SyscallArgument> arguments;
    const auto known = std::ranges::find(prototypes, call, &Prototype::call);
    if (known == prototypes.end()) return arguments;
    for (std::string_view rest = known->arguments; !rest.empty();) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
        const bool whole = word.starts_with('*');
        arguments.push_back({.name = std::string(word.substr(whole ? 1 : 0)), .narrow = !whole});
    }
    return arguments;
}

std::optional<std::uint64_t> constant_value(std::string_view name) {
    for (const auto& [known, value] : constants)
        if (known == name) return value;
    if (const auto signal = signal_value(name)) return static_cast<std::uint64_t>(*signal);
    return std::nullopt;
}

std::vector<std::string> constant_names() {
    std::vector<std::string> names;
    for (const auto& [name, value] : constants) names.emplace_back(name);
    constexpr int last_standard_signal = 31;
    for (int signal = 1; signal <= last_standard_signal; ++signal) names.push_back(signal_name(signal));
    return names;
}

}  // namespace rehang
