// What fakes need of the filter: of one call some arguments are stopped, or answered by the kernel, and all
// others ask. libseccomp has no such filters, so this one is put together of several.
#pragma once

#include <cstdint>
#include <vector>

namespace rehang {

// Programs are struct sock_filter, as in TargetFilter. First of all, by 64-bit, x32 and 32-bit programs,
//   ioctls with one of these requests are stopped;
//   calls that were handed on (system_call.h) ask the listener;
//   the two calls of fakes/protocol.h are stopped, or ask.
// Then `first` decides, and `second` about what it would allow.
std::vector<unsigned char> filter_with_fakes(const std::vector<unsigned char>& first,
                                             const std::vector<unsigned char>& second,
                                             const std::vector<std::uint32_t>& stopped_requests);

}  // namespace rehang
