#pragma once
// How long memory is that another process made (make_shared_memory() in os.hpp).
//
// What is unknown or refused leaves its reason in errno. Cold; any thread, no state.

#include <cstdint>
#include <optional>

namespace fil::os {

// Of a file that cannot become shorter under us; EINVAL where it can.
std::optional<std::uint64_t> sealed_bytes(int descriptor);

std::optional<std::uint64_t> segment_bytes(int segment);

}  // namespace fil::os
