// `data`, `data_before` and `data_after` of a [[fault]]: bytes that are put where the call's arguments point.
#pragma once

#include <optional>
#include <vector>

#include "scenario/fault_calls.h"
#include "scenario/fault_decl.h"
#include "scenario/fault_effect.h"
#include "scenario/judging.h"
#include "scenario/struct_members.h"

namespace rehang {

// `data` is one of the fault's; its structs are those that the kernel reads (in) or writes (out).
std::vector<FaultWrite> read_data(const std::vector<ArgumentDecl>& data, StructUse::Direction direction,
                                  const SyscallFaultDecl& fault, const std::vector<FaultedCall>& calls,
                                  const Judging& judging);
// What the call returns that has put these bytes there, where the scenario does not say it: the number of
// bytes for a call that reads, 0 for others.
std::int64_t answer_for(const std::vector<FaultWrite>& writes, const std::vector<FaultedCall>& calls);

}  // namespace rehang
