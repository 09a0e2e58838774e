// The single trials behind probe_host(), in the order in which `doctor` shows them. Each ends whatever it
// starts before it returns.
#pragma once

#include <functional>
#include <vector>

#include "host/host.h"

namespace rehang {

// User namespaces alone; all six kinds at once with what the sandbox does in them (a read-only view of the
// root, a new proc).
std::vector<Ability> probe_namespaces();
// What the runner does to a process in a user namespace: ptrace, process_vm_readv, /proc/PID/syscall,
// schedstat.
std::vector<Ability> probe_watching();
Ability probe_hardware_breakpoint();
Ability probe_seccomp_trace();
Ability probe_seccomp_notification();
// Optional: /dev/kvm and the programs that some scenarios and tests use.
std::vector<Ability> probe_programs();

// How to get /dev/kvm, by the errno value that trying to open it ended with.
std::string kvm_fix(int errno_value);

// An Ability from the errno value that trying it ended with; 0: it works.
Ability ability_from(std::string name, int errno_value, std::string seen, std::string fix);

}  // namespace rehang
