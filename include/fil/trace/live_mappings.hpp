#pragma once
// Who made the mappings of a trace that are there: an event that a range went tells only which.
//
// Ranges may go in parts. What is mapped over what is there takes its place. Cold; one thread.
#include <cstdint>

#include "fil/base/ids.hpp"
#include "fil/trace/mapped_pieces.hpp"
#include "fil/trace/trace_event.hpp"

namespace fil::trace {

class live_mappings {
  public:
    // changed(callstack, bytes) of what comes and, with bytes below zero, of each part that goes.
    template <typename Changed>
    void apply(const event& one, Changed&& changed) {
        const auto gone = [&changed](callstack_id callstack, std::uint64_t bytes) {
            changed(callstack, -static_cast<std::int64_t>(bytes));
        };
        if (one.what == operation::unmap) return unmap(one.address, one.bytes, gone);
        map(one.address, one.bytes, one.callstack, gone);
        changed(one.callstack, static_cast<std::int64_t>(one.bytes));
    }

    // gone(callstack, bytes) of what stood there.
    template <typename Gone>
    void map(std::uint64_t address, std::uint64_t bytes, callstack_id callstack, Gone&& gone) {
        unmap(address, bytes, gone);
        if (bytes > 0) pieces_[address] = {address + bytes, callstack};
    }

    // gone(callstack, bytes) of each part that goes.
    template <typename Gone>
    void unmap(std::uint64_t address, std::uint64_t bytes, Gone&& gone) {
        cut_out(pieces_, address, address + bytes,
                [&gone](std::uint64_t begin, std::uint64_t end, const piece& one) {
                    gone(one.callstack, end - begin);
                });
    }

  private:
    struct piece {
        std::uint64_t end;
        callstack_id callstack;
    };
    mapped_pieces<piece> pieces_;
};

}  // namespace fil::trace
