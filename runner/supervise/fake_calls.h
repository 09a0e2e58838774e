// The system calls that may be about a fake.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "supervise/call_conditions.h"
#include "supervise/system_call.h"

namespace rehang {

// All of them: ioctl, and those that open a path or ask about one.
std::vector<int> calls_asked_for_fakes();
bool asks_for_fakes(int call);

// A call that names a path.
struct PathCall {
    enum class Does { opens, checks_access, tells_status };
    Does does{};
    PathCondition::Argument argument;
    // Of one that tells the status of an open file where its path is empty (AT_EMPTY_PATH, fstat): which.
    std::optional<unsigned> descriptor;
};
std::optional<PathCall> path_call(const SystemCall& call);

// The flags of a call that opens, as open(2) has them; nothing where they can't be read.
std::optional<int> open_flags(pid_t tid, const SystemCall& call);
// access(2) and the like, of a device that everybody may read and write.
std::int64_t access_to_device(const SystemCall& call);
// Writes what the call wants to know of a character device. -EFAULT where that memory is not there; nothing
// for the calls of 32-bit programs, which have other structs.
std::optional<std::int64_t> tell_device_status(pid_t tid, const SystemCall& call, const std::string& device);

}  // namespace rehang
