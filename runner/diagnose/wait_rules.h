// One rule a kind of system call; waits.cc chooses among them. Pure; internal to diagnose/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "diagnose/interests.h"
#include "diagnose/snapshot.h"
#include "diagnose/wait.h"

namespace rehang::wait_rules {

// A thread asleep in a system call, with all that surrounds it. Borrows.
struct Sleeper {
    const Snapshot& snapshot;
    const ProcessSnapshot& process;
    const ThreadSnapshot& thread;
};

// wait_descriptor.cc
Wait at_descriptors(const Sleeper& sleeper, const Interests& interests);
Wait for_partner_at_fifo(
    const Sleeper& sleeper);  // open, openat, openat2: of a FIFO, until its other side is opened

// wait_futex.cc
Wait on_futex(const Sleeper& sleeper);         // futex(word, operation, value, timespec*, word2, …)
Wait on_new_futex(const Sleeper& sleeper);     // futex_wait(word, value, mask, flags, timespec*, clock)
Wait on_many_futexes(const Sleeper& sleeper);  // futex_waitv(waiters, n, flags, timespec*, clock)

// wait_file_lock.cc
Wait for_flock(const Sleeper& sleeper);       // flock(fd, operation)
Wait for_fcntl_lock(const Sleeper& sleeper);  // fcntl(fd, F_SETLKW or F_OFD_SETLKW, flock*)

// wait_sysv.cc
Wait for_semaphore(const Sleeper& sleeper);      // semop(set, sembuf*, n), semtimedop (…, timespec*)
Wait for_message(const Sleeper& sleeper);        // msgrcv(queue, …)
Wait for_room_in_queue(const Sleeper& sleeper);  // msgsnd(queue, …)

// wait_spin.cc
Wait spinning(const Sleeper& sleeper);  // stands in an endless loop
Wait running(const Sleeper& sleeper);   // with what was last seen of it step by step, if anything

// wait_child.cc
Wait for_child(const Sleeper& sleeper);  // wait4(pid, …), waitid(type, id, …)
Wait for_vfork(const Sleeper& sleeper);  // vfork, clone, clone3 with CLONE_VFORK

// wait_others.cc
Wait for_signal(const Sleeper& sleeper);         // pause, sigsuspend
Wait for_any_signal_of(const Sleeper& sleeper);  // rt_sigtimedwait(set, info, timespec*, size)
Wait to_be_continued(const Sleeper& sleeper);    // stopped by a signal or by a tracer
Wait for_time(const Sleeper& sleeper);
Wait not_understood(const Sleeper& sleeper);

// A descriptor that sends signals when it becomes ready (O_ASYNC) may do so because of anybody's doing.
std::optional<std::string> signals_from_descriptors(const Snapshot& snapshot);

// A folder that only processes of the sandbox can reach: a FIFO or shared memory there is nobody else's.
bool is_private_place(std::string_view path);
// Never on a machine with others.
bool is_private(const Snapshot& snapshot, std::string_view path);

// "pipe:[123] (fd 3)"
std::string name_of(const DescriptorSnapshot& descriptor);

}  // namespace rehang::wait_rules
