// What a fuzzer gives, taken from the front: numbers and pieces; when nothing is left, zeros and nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace rehang::fuzz {

class Bytes {
  public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    bool empty() const { return bytes_.empty(); }
    std::span<const std::uint8_t> take(std::size_t count) {
        const auto taken = bytes_.first(std::min(count, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }
    template <class T>
    T number() {
        T value{};
        const auto taken = take(sizeof(T));
        if (!taken.empty()) std::memcpy(&value, taken.data(), taken.size());
        return value;
    }
    std::uint8_t byte() { return number<std::uint8_t>(); }
    std::span<const std::uint8_t> rest() const { return bytes_; }

  private:
    std::span<const std::uint8_t> bytes_;
};

}  // namespace rehang::fuzz
