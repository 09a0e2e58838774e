// What a [[fault]] does to the calls: errno, return, data, data_before, data_after, instead, limit_bytes,
// delay, delay_after, signal, kill, hold, log.
#pragma once

#include <vector>

#include "scenario/fault_calls.h"
#include "scenario/fault_decl.h"
#include "scenario/fault_effect.h"
#include "scenario/judging.h"

namespace rehang {

// Without `held_at`, which is an index of the plan.
FaultEffect read_effect(const FaultDecl& fault, const std::vector<FaultedCall>& calls,
                        const Judging& judging);

}  // namespace rehang
