#pragma once
// Keys of frames -> places in the code: function and line.
//
// Direct mapped; dropped as a whole by forget(), which is a count: a place of an older epoch is
// empty. Zeroed memory is valid and empty after the first forget(). One thread, no locks. Hot path:
// no allocation, no throw.
#include <cstdint>
#include <cstring>

#include "fil.h"

namespace fil::source_kit {

struct code_place {
    fil_function function;  // 0: of no function, which is left out
    std::uint32_t line;
};

template <unsigned Log2>
class known_places {
  public:
    // The callstack of a frame whose key is `key`, called by `caller`; `visit()` finds the place
    // unless it is known. A frame of no function, or for which there is no room, is its caller.
    template <typename Visit>
    fil_callstack callstack(fil_callstack caller, std::uint64_t key, Visit&& visit) {
        known& at = known_[key * 0x9e3779b97f4a7c15u >> (64 - Log2)];
        if (at.key != key || at.epoch != epoch_) at = {key, visit(), epoch_};
        if (at.place.function == 0) return caller;
        const fil_callstack child = fil_callstack_child(caller, at.place.function, at.place.line);
        return child == FIL_CALLSTACK_NONE ? caller : child;
    }

    void forget() {
        if (++epoch_ != 0) return;
        std::memset(known_, 0, sizeof known_);
        epoch_ = 1;
    }

  private:
    struct known {
        std::uint64_t key;
        code_place place;
        std::uint32_t epoch;
    };
    std::uint32_t epoch_;
    known known_[1u << Log2];
};

}  // namespace fil::source_kit
