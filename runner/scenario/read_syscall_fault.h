// Reads the [[fault]] that has `syscall`.
#pragma once

#include "scenario/fields.h"
#include "scenario/problems.h"
#include "scenario/scenario.h"

namespace rehang {

SyscallFaultDecl read_syscall_fault(Fields& fields, Problems& problems);

}  // namespace rehang
