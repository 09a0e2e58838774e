// What models say most often, and the copying between their structures and the target's memory.
#pragma once

#include <cerrno>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "devices/device.h"

namespace rehang::fakes {

inline Answer gives(std::int64_t value, std::string detail = {}) {
    return {.value = value, .detail = std::move(detail)};
}

inline Answer fails(int errno_value, std::string detail = {}) {
    return {.value = -errno_value, .detail = std::move(detail)};
}

// 0, or what is wrong.
inline Answer result(int errno_value, std::string detail = {}) {
    return {.value = -errno_value, .detail = std::move(detail)};
}

// A new descriptor is the call's result.
inline Answer opens(std::shared_ptr<File> file, std::string detail = {}) {
    return {.opens = std::move(file), .detail = std::move(detail)};
}

Answer unknown_request();

template <class T>
std::span<std::byte> bytes_of(T& object) {
    static_assert(std::is_trivially_copyable_v<T>);
    return std::as_writable_bytes(std::span(&object, 1));
}

template <class T>
std::span<const std::byte> bytes_of(const T& object) {
    static_assert(std::is_trivially_copyable_v<T>);
    return std::as_bytes(std::span(&object, 1));
}

// copy_from_user() of one structure; nothing: EFAULT.
template <class T>
std::optional<T> copy_in(const Memory& memory, std::uint64_t address) {
    T object{};
    if (!memory.read(address, bytes_of(object))) return std::nullopt;
    return object;
}

// The array behind a header. The caller has checked that `count` is small.
template <class T>
std::optional<std::vector<T>> copy_in(const Memory& memory, std::uint64_t address, std::size_t count) {
    std::vector<T> objects(count);
    if (!memory.read(address, std::as_writable_bytes(std::span(objects)))) return std::nullopt;
    return objects;
}

// copy_to_user() as the last thing a call does.
template <class T>
Answer copy_out(Memory& memory, std::uint64_t address, const T& object, Answer answer = {}) {
    if (!memory.write(address, bytes_of(object))) return fails(EFAULT, std::move(answer.detail));
    return answer;
}

}  // namespace rehang::fakes
