// `where` of a [[fault]]: what must hold for a call. See argument_text.h for what the kernel compares, and
// call_condition.h for the rest.
#pragma once

#include <vector>

#include "scenario/call_condition.h"
#include "scenario/fault_calls.h"
#include "scenario/fault_decl.h"
#include "scenario/judging.h"

namespace rehang {

// One for each call that can fulfil all conditions; those that are only in a group and lack an argument are
// left out.
std::vector<CallSelector> select_calls(const SyscallFaultDecl& fault, const std::vector<FaultedCall>& calls,
                                       const Judging& judging);

}  // namespace rehang
