#pragma once
// What of a recording really is in memory: most of its pages are holes.
//
// A recording's own words for how large it is are not to be trusted once somebody scribbled over
// it, and reading a hole fills it: what is read whole must be known to be there. Cold; any thread.

#include <cstdint>
#include <vector>

#include "fil/recording/view.hpp"

namespace fil {

struct bytes_range {
    std::uint64_t start;
    std::uint64_t bytes;
};

// Of its first `bytes`, in order; not what was swapped out.
std::vector<bytes_range> parts_in_memory(const recording_view& recording, std::uint64_t bytes);

// Of the whole recording. 0 where the system does not tell.
std::uint64_t swapped_bytes(const recording_view& recording);

// Nothing contradicts what the recording says of its size.
bool is_plausible(const recording_view& recording);

}  // namespace fil
