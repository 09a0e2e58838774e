// What a device answered, call by call, as a description that answers the same. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "devices/described/description.h"

namespace rehang {

struct RecordedCall {
    std::string on;  // the file: empty for the device itself, else as `opened` said
    std::uint32_t request = 0;
    std::uint64_t argument = 0;
    std::string before;                          // what it pointed to, as far as the request's number says
    std::int64_t result = 0;                     // or -errno
    std::vector<fakes::DescribedBytes> written;  // what it pointed to afterwards, where that matters
    std::string opened;                          // what the result is a new descriptor of; empty: of nothing
};

class Recording {
  public:
    void add(RecordedCall call) { calls_.push_back(std::move(call)); }
    // So many bytes of the file were mapped.
    void mapped(const std::string& file, std::size_t size) { mapped_[file] = size; }

    std::size_t size() const { return calls_.size(); }
    // Calls of one request are told apart by their argument, or by what it points to, where that alone
    // decides what they give; elsewhere their order does.
    fakes::Description description() const;

  private:
    std::vector<RecordedCall> calls_;
    std::map<std::string, std::size_t> mapped_;
};

// How many bytes the argument points to: from the request's number, or from the kernel's headers for some of
// the old ones whose numbers do not say it ("TCGETS"). 0: not known.
std::size_t argument_size(std::uint32_t request);

// The parts in which the memory differs, with their places; those with few equal bytes between them are one.
std::vector<fakes::DescribedBytes> changed_parts(std::string_view before, std::string_view after);

}  // namespace rehang
