// Which of the calls that fit a [[fault]] it happens to: nth, from, to, every, times, count, probability.
#pragma once

#include <vector>

#include "scenario/fault_calls.h"
#include "scenario/fault_decl.h"
#include "scenario/fault_effect.h"
#include "scenario/judging.h"

namespace rehang {

FaultOccurrence read_occurrence(const SyscallFaultDecl& fault, const std::vector<FaultedCall>& calls,
                                const Judging& judging);

}  // namespace rehang
