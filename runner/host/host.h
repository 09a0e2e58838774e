// What this host allows, found out by trying; and where libraries and programs are, and which package brings
// them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace rehang {

struct Ability {
    std::string name;  // "user namespaces"
    bool ok = false;
    // Whether `run` can work without it.
    enum class Use {
        always,       // nothing runs without it
        breakpoints,  // scenarios that have points or faults at functions
        sometimes,    // what some scenarios ask for by name, and what has a substitute
    };
    Use use = Use::always;
    std::string detail;  // what was seen: "unprivileged, all six kinds", or the errno's text
    std::string fix;     // the command or setting that helps; empty if ok
};

// Tries each in a child process: namespaces, a new proc, ptrace and process_vm_readv of a child in a user
// namespace, hardware breakpoints, seccomp filters and user notification, schedstat, /proc/PID/syscall, then
// optional ones: /dev/kvm, gdb, qemu, virsh, what programs of arm64 need.
std::vector<Ability> probe_host();

// What one scenario asks of the host.
struct HostNeeds {
    bool breakpoints = true;
};
// The abilities that a run can need at all, probed once: cheap enough for every `run`.
class RequiredAbilities {
  public:
    RequiredAbilities();
    // The first one needed that is missing, as an unsupported error with its fix.
    Expected<void> meet(HostNeeds needs) const;

  private:
    std::vector<Ability> abilities_;
};
Expected<void> require_host(HostNeeds needs = {});

// Listeners can be had whose callers wait for an answer whatever signals come (Linux 5.19; not where another
// listener is in the way, as in some containers). Tried once.
bool can_notify();
// The same, as an unsupported error with its fix: fakes need one.
Expected<void> require_notification();

// Path of a shared library by file name, soname or path: as ld.so would look (its default folders and
// /etc/ld.so.conf).
std::optional<std::string> find_library(const std::string& name);
std::optional<std::string> find_program(const std::string& name);

// One entry of [scenario] needs: "file:libtcmalloc.so.4", "file:/dev/kvm", "program:virsh", "root:arm64".
// Nothing to say: it is there. unsupported: what is missing, hint "install it: apt install PACKAGE" where the
// package is known.
Expected<void> check_need(const std::string& need);
// The Debian package that brings a library or program; empty if not known.
std::string package_for(const std::string& name);

// For reports: kernel release, machine, number of processors, libc version, distribution.
struct HostInfo {
    std::string kernel, machine, libc, distribution;
    unsigned processors = 0;
};
HostInfo host_info();

}  // namespace rehang
