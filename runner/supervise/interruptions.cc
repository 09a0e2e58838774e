#include "supervise/interruptions.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "supervise/fake_calls.h"

namespace rehang {
namespace {

constexpr std::array waiting_on_first_descriptor = {
    SYS_read,    SYS_readv,    SYS_preadv,   SYS_preadv2, SYS_pread64,  SYS_write,   SYS_writev,
    SYS_pwritev, SYS_pwritev2, SYS_pwrite64, SYS_ioctl,   SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg,
    SYS_sendto,  SYS_sendmsg,  SYS_sendmmsg, SYS_accept,  SYS_accept4,  SYS_connect};
constexpr std::array waiting_on_anything = {
    SYS_flock,  SYS_fcntl,    SYS_wait4,        SYS_waitid,          SYS_futex,
    SYS_splice, SYS_sendfile, SYS_tee,          SYS_copy_file_range, SYS_msgsnd,
    SYS_msgrcv, SYS_semop,    SYS_mq_timedsend, SYS_mq_timedreceive, SYS_io_getevents};

// Of a file, a folder, or nothing.
bool opens_at_once(const PathCall& call, const SystemCall& made, pid_t tid) {
    const std::string path = path_named(call.argument, made, tid, tid);
    struct stat opened {};
    if (path.empty() || ::stat(fmt::format("/proc/{}/root{}", tid, path).c_str(), &opened) != 0) return true;
    return S_ISREG(opened.st_mode) || S_ISDIR(opened.st_mode);
}

bool waits_long(int descriptor, pid_t tid) {
    const std::string link = fmt::format("/proc/{}/fd/{}", tid, descriptor);
    struct stat open_on {};
    if (::stat(link.c_str(), &open_on) != 0) return false;
    std::error_code gone;
    if (std::filesystem::read_symlink(link, gone).string().starts_with("anon_inode:"))
        return std::filesystem::read_symlink(link, gone).string().find('[') != std::string::npos;
    return !S_ISREG(open_on.st_mode) && !S_ISDIR(open_on.st_mode) && !S_ISBLK(open_on.st_mode);
}

}  // namespace

bool can_be_interrupted(const SystemCall& call, pid_t tid) {
    if (const auto names = path_call(call); names && names->does == PathCall::Does::opens)
        return !opens_at_once(*names, call, tid);
    if (std::ranges::find(waiting_on_anything, call.number) != waiting_on_anything.end()) return true;
    return std::ranges::find(waiting_on_first_descriptor, call.number) != waiting_on_first_descriptor.end() &&
           waits_long(static_cast<int>(call.arguments[0]), tid);
}

}  // namespace rehang
