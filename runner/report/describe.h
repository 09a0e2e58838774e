// Small phrases that verdict lines, mismatches and summaries share.
#pragma once

#include <string>

#include "report/run_report.h"

namespace rehang {

// "hung: inherited-lock, proven", "exited with 1", "ended by SIGABRT", "unmet", …
std::string verdict_text(const RunReport& report);
// "zombie, exited with 0", "gone, ended by SIGKILL", "running".
std::string state_text(const DiagnosedProcess& process);
// "write: fails with ENOSPC", "read, pread64: comes 20ms later", "libx.so!f: returns 0" (text_faults.cc).
std::string fault_text(const PlannedSyscallFault& fault);
std::string fault_text(const PlannedFunctionFault& fault);
// "KVM_GET_SREGS2 (0x8140aecc, 320 bytes)", "0x1234" (text_fakes.cc).
std::string request_text(const UnknownRequestReport& request);
// " tcmalloc=libtcmalloc.so.4", a space and K=V for each parameter; "" without any.
std::string params_text(const Params& params);

}  // namespace rehang
