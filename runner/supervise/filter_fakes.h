// What fakes need of the filter beyond whole system calls, in front of what libseccomp has built: of one call
// it can't have some arguments stopped and all others asked.
#pragma once

#include <cstdint>
#include <vector>

namespace rehang {

// `program` is struct sock_filter, as in TargetFilter. First of all, by 64-bit, x32 and 32-bit programs:
//   ioctls with one of these requests are stopped;
//   calls that were handed on (system_call.h) ask the listener;
//   the two calls of fakes/protocol.h are stopped, or ask.
std::vector<unsigned char> with_fakes_first(const std::vector<unsigned char>& program,
                                            const std::vector<std::uint32_t>& stopped_requests);

}  // namespace rehang
