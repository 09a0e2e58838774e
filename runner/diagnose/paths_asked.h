// The files that threads in open(2) or connect(2) have named, resolved as the kernel does for them.
#pragma once

#include <optional>

#include "diagnose/snapshot.h"

namespace rehang {

// The FIFO that a thread is opening, with the access mode that it asks for (a FIFO is the only file whose
// opening waits for others); the socket's file that it connects to. Nothing for other calls and files, and
// where it can't be told.
std::optional<DescriptorSnapshot> named_by(const ThreadSnapshot& thread, const ProcessSnapshot& process);

}  // namespace rehang
