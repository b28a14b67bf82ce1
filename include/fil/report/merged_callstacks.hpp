#pragma once
// The callstacks of a snapshot that is being filled, each (caller, frame) once.
//
// Called by tidying. A hash table of four bytes a slot, made for the number of callstacks known
// beforehand: of a program with millions of them, a report must not need more memory than the
// program leaves (out of memory).

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fil/base/hash.hpp"
#include "fil/report/snapshot.hpp"

namespace fil::report {

class merged_callstacks {
  public:
    // Into `filled`, to which nobody else adds; not more than `most`.
    merged_callstacks(snapshot& filled, std::size_t most)
        : filled_(filled),
          slots_(std::bit_ceil(most + most / 2 + 2), callstack_index::empty),
          shift_(64 - std::countr_zero(slots_.size())) {
        filled_.reserve_callstacks(most);
    }

    callstack_index operator()(callstack_index caller, frame_index called) {
        const std::uint64_t key = std::uint64_t{to_index(caller)} << 32 | to_index(called);
        for (std::size_t at = mix(key) >> shift_;; at = (at + 1) % slots_.size()) {
            callstack_index& known = slots_[at];
            if (known == callstack_index::empty)
                return known = filled_.add_callstack(caller, called);
            if (filled_.callstacks()[to_index(known)] == callstack{caller, called}) return known;
        }
    }

  private:
    snapshot& filled_;
    std::vector<callstack_index> slots_;  // `empty`: free
    int shift_;
};

}  // namespace fil::report
