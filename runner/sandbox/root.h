// The file system that targets see.
#pragma once

#include "base/error.h"
#include "plan/plan.h"

namespace rehang {

// For the sandbox's init, alone in new mount, pid and user namespaces with its ids mapped. Afterwards:
// - the host's root is there, read-only with everything mounted on it, and so are its devices;
// - /proc is that of the pid namespace, its system-wide settings read-only;
// - /tmp, /var/tmp, /run, /dev/shm and the Plan's private folders are empty and writable, even where the host
// has no such folder;
// - the Plan's visible folders, and those of the programs and preloads that it names by path, are there
// read-only even inside these.
Expected<void> build_root(const Plan& plan);

}  // namespace rehang
