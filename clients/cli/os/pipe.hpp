// A pipe, by which one process of ours tells another a single thing.
#pragma once

#include <cerrno>
#include <optional>
#include <type_traits>

#include "os/descriptor.hpp"

namespace fil::cli {

// Both ends of a new pipe, close-on-exec; empty if there can be none.
struct pipe_ends {
    descriptor read, write;
};
inline pipe_ends new_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    return {descriptor(ends[0]), descriptor(ends[1])};
}

// A value that any pipe holds whole, where a user has many too. Whether it was written.
template <class Value>
bool write_value(const descriptor& to, const Value& value) {
    static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) <= 8192);
    return ::write(to.get(), &value, sizeof value) == static_cast<ssize_t>(sizeof value);
}

// Waits for it. Nothing if the other end was closed first.
template <class Value>
std::optional<Value> read_value(const descriptor& from) {
    Value value;
    ssize_t size;
    do size = ::read(from.get(), &value, sizeof value);
    while (size < 0 && errno == EINTR);
    return size == static_cast<ssize_t>(sizeof value) ? std::optional(value) : std::nullopt;
}

}  // namespace fil::cli
