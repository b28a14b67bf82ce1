#pragma once
// What a process that runs knows of the allocators inside it (process/allocator_book.hpp), read
// from its memory, where its recording says that it is. Cold; throws nothing but std::bad_alloc.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fil/recording/view.hpp"

namespace fil {

struct inside_allocator {
    struct ground {
        std::uint64_t address, bytes;
    };
    std::string name;
    std::int64_t live = 0;
    std::vector<ground> grounds;
};

// Of the process `pid`, which may be gone; empty where there are none.
std::vector<inside_allocator> allocators_of_process(const recording_view& recording,
                                                    std::int32_t pid);

}  // namespace fil
