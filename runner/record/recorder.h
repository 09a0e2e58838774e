// Runs a command as it is, on the real device, and sees every ioctl(2) that it and all that descend from it
// make on that device, or on a file that the device has handed out.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "record/recording.h"

namespace rehang {

struct Recorded {
    Recording recording;
    std::optional<int> status;  // of the command, as waitpid(2) has it; nothing: SIGTERM or SIGHUP came first
};

// Of a character or block device's path; anything else is a mistake of the user's.
Expected<dev_t> device_number(const std::string& path);

// Blocks until the command and all that it started have ended; SIGTERM and SIGHUP end it at once, and then
// the command ends with this process. `device` as device_number() has it. The command runs without the
// privileges that set-uid programs would give it (PR_SET_NO_NEW_PRIVS), has this process's standard streams,
// and is killed with it.
Expected<Recorded> record(dev_t device, const std::vector<std::string>& command);

}  // namespace rehang
