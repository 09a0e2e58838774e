// A device that is described by what its ioctls answer. Plain values; whoever reads or writes the TOML text
// knows the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"

namespace rehang::fakes {

// A member of the struct that a request's argument points to. Little endian, as on every host of rehang.
struct DescribedMember {
    std::string name;
    unsigned offset = 0;
    unsigned size = 0;   // of one element: 1, 2, 4 or 8
    unsigned count = 0;  // of an array; 0: no array
    bool is_text = false;
    auto operator<=>(const DescribedMember&) const = default;
};

struct DescribedLayout {
    std::vector<DescribedMember> members;
    unsigned size = 0;  // with the padding at its end
};

// Bytes of what the argument points to.
struct DescribedBytes {
    unsigned offset = 0;
    std::string bytes;
    auto operator<=>(const DescribedBytes&) const = default;
};

struct DescribedAnswer {
    std::int64_t value = 0;            // a result, or -errno
    std::vector<DescribedBytes> out;   // written before the call returns
    Duration delay{0};                 // first
    std::string opens;                 // the file whose new descriptor is the result; empty: none
    std::optional<std::string> state;  // which the device is in from then on

    bool is_late() const { return delay > Duration(0); }
};

// One of these answers a call; the first one in the file that fits it.
struct DescribedRequest {
    std::uint32_t request = 0;
    std::string on;                         // the file that it is made on; empty: the device itself
    std::optional<std::string> state;       // only in this state
    std::optional<std::uint64_t> argument;  // only with this argument
    std::vector<DescribedBytes> where;      // only if all of this is there
    std::vector<DescribedAnswer> answers;   // one call after the other, at least one
    bool again = false;  // after the last answer from the first; otherwise the last one stays
};

// What an answer opens and can be mapped. Files that can't be have no such entry.
struct DescribedFile {
    std::string name;
    std::size_t mapped = 0;  // bytes
};

struct Description {
    std::string summary;
    std::vector<DescribedFile> files;
    std::string first_state;        // may be empty
    std::optional<int> open_errno;  // what open(2) fails with
    std::vector<DescribedRequest> requests;
};

}  // namespace rehang::fakes
