#pragma once
// What a process that runs knows of its memory, read out of it, where its recording says: the
// ground of its allocators, what it mapped itself, and where its blocks are. Of one moment, nearly:
// it goes on meanwhile. Cold; throws nothing but std::bad_alloc.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fil/recording/view.hpp"
#include "session/mapping_reader.hpp"
#include "session/sparse_blocks.hpp"

namespace fil {

struct memory_of_process {
    // Blocks shorter than this are told of by the page that they start in.
    static constexpr std::uint64_t large_block = 64 << 10, page = 4096;

    struct range {
        std::uint64_t address, bytes;
    };
    struct ground : range {
        std::string allocator;  // the object that it is in; empty: the runtime's
    };
    std::vector<ground> grounds;
    // Whose blocks nobody knows; mapped, and counted, as a whole.
    std::vector<ground> untold_grounds;
    std::vector<range> heaps;  // ground of a malloc that is not the C library's
    std::vector<read_mapping> mappings;
    std::vector<range> blocks;        // large ones, in order
    std::vector<range> small_blocks;  // of a page, how many bytes; in order
    sparse_blocks sparse;
};

// Of the process `pid`; nothing where it is gone, or its memory cannot be read.
std::optional<memory_of_process> read_memory_of_process(const recording_view& recording,
                                                        std::int32_t pid);

}  // namespace fil
