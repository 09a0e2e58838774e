// Reads one output stream of the targets for as long as the run lasts, so that no target ever waits for the
// runner.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "supervise/supervisor.h"

namespace rehang {

// Keeps the first `limit` bytes; reads and drops the rest.
class OutputReader {
  public:
    // Is told of all that comes, also of what is not kept.
    using OnChunk = std::function<void(std::string_view)>;

    OutputReader(boost::asio::io_context& io, UniqueFd pipe, unsigned long long limit, OnChunk on_chunk);
    // Reads what is in the pipe now.
    void catch_up();
    // What came so far, with what is still in the pipe.
    CapturedOutput take();

  private:
    void read_on();
    void keep(size_t bytes);

    boost::asio::posix::stream_descriptor pipe_;
    unsigned long long limit_;
    std::array<char, 65536> buffer_;
    CapturedOutput output_;
    OnChunk on_chunk_;
};

}  // namespace rehang
