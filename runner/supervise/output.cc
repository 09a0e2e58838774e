#include "supervise/output.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>

namespace rehang {

OutputReader::OutputReader(boost::asio::io_context& io, UniqueFd pipe, unsigned long long limit,
                           OnChunk on_chunk)
    : pipe_(io, pipe.release()), limit_(limit), on_chunk_(std::move(on_chunk)) {
    read_on();
}

void OutputReader::read_on() {
    pipe_.async_read_some(boost::asio::buffer(buffer_),
                          [this](const boost::system::error_code& ended, size_t bytes) {
                              if (ended) return;
                              keep(bytes);
                              read_on();
                          });
}

void OutputReader::keep(size_t bytes) {
    const auto room = static_cast<size_t>(limit_ - output_.text.size());
    output_.text.append(buffer_.data(), std::min(bytes, room));
    output_.cut |= bytes > room;
    on_chunk_({buffer_.data(), bytes});
}

void OutputReader::catch_up() {
    for (int i = 0; i < 16; ++i) {  // a pipe's worth; a target that goes on writing does not keep us
        const ssize_t n = ::read(pipe_.native_handle(), buffer_.data(), buffer_.size());
        if (n <= 0) break;
        keep(static_cast<size_t>(n));
    }
}

CapturedOutput OutputReader::take() {
    pipe_.cancel();
    catch_up();
    return std::move(output_);
}

}  // namespace rehang
