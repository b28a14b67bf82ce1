#pragma once
// How long memory is that another process made (make_shared_memory() in os.hpp), and what stands in
// the memory of one.
//
// What is unknown or refused leaves its reason in errno. Cold; any thread, no state.

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fil::os {

// Of a file that cannot become shorter under us; EINVAL where it can.
std::optional<std::uint64_t> sealed_bytes(int descriptor);

std::optional<std::uint64_t> segment_bytes(int segment);

// Copies so many bytes of another process's memory; false if they cannot all be read.
bool read_memory_of(std::int32_t pid, std::uint64_t address, void* to, std::size_t bytes);

}  // namespace fil::os
