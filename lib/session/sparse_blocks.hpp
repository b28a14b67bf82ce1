#pragma once
// Whose blocks keep sparse memory of another process (fil/report/sparse_memory.hpp): pages of
// malloc's, and arenas of a runtime's small objects. What the program mapped itself and the ground
// of allocators inside are left out: nobody knows in which units they go back.
//
// One pass over the blocks, a little for each; memory by callstack. Cold; throws nothing but
// std::bad_alloc.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "fil/base/ids.hpp"
#include "fil/report/sparse_memory.hpp"
#include "os/cold/memory_of_others.hpp"

namespace fil {

struct sparse_blocks {
    struct kept {
        callstack_id callstack;
        std::uint64_t blocks = 0, bytes = 0;  // bytes: what the memory under them lacks
    };
    std::vector<kept> by_callstack;
    std::uint64_t occupied = 0;  // of malloc's pages: resident ones on which small blocks are
};

class sparse_blocks_reader {
  public:
    explicit sparse_blocks_reader(std::int32_t pid) : memory_(pid), by_unit_(*this) {}
    sparse_blocks_reader(const sparse_blocks_reader&) = delete;

    // Both before the first block. What is an arena is none of the others.
    void add_arenas(std::uint64_t address, std::uint64_t bytes) { arenas_.add(address, bytes); }
    void leave_out(std::uint64_t address, std::uint64_t bytes) { others_.add(address, bytes); }

    // In order of address. Those at 8 modulo 16, which come later, are neither malloc's nor a
    // runtime's.
    void add(std::uint64_t address, std::uint64_t bytes, callstack_id callstack) {
        if (address % 16 == 0) by_unit_.add(address, bytes, callstack);
    }
    sparse_blocks found();

    report::memory_unit unit_at(std::uint64_t address);
    void seen(report::memory_unit unit, std::uint64_t taken, std::span<const callstack_id> whose);

  private:
    // Ranges that are asked about in order of address: found by going on. They may overlap.
    class ranges {
      public:
        void add(std::uint64_t address, std::uint64_t bytes) {
            all_.push_back({address, address + bytes});
        }
        const report::memory_unit* at(std::uint64_t address);

      private:
        std::vector<report::memory_unit> all_;
        std::size_t next_ = 0;
        bool is_sorted_ = false;
    };

    os::memory_of_another memory_;
    ranges arenas_, others_;
    report::blocks_by_unit<callstack_id, sparse_blocks_reader> by_unit_;
    std::unordered_map<std::uint32_t, sparse_blocks::kept> kept_;
    std::uint64_t occupied_ = 0;
};

}  // namespace fil
