#pragma once
// Keys of frames -> places in the code: function and line.
//
// Direct mapped. Keys lie in regions, each with a count, its epoch; a place that was remembered in
// an older one is empty. So to forget the keys of code that died costs a count or two, however much
// is remembered, and what lies near is forgotten with them (all of it, where keys are as far apart
// as CPython 3.9's). Zeroed memory is valid and empty after the first forget(). One thread, no
// locks. Hot path: no allocation, no throw.
#include <cstdint>
#include <cstring>

#include "fil.h"

namespace fil::source_kit {

struct code_place {
    fil_function function;  // 0: of no function, which is left out
    std::uint32_t line;
};

template <unsigned Log2, typename Epoch = std::uint32_t>
class known_places {
  public:
    // The callstack of a frame whose key is `key`, called by `caller`; `visit()` finds the place
    // unless it is known. A frame of no function, or for which there is no room, is its caller.
    template <typename Visit>
    fil_callstack callstack(fil_callstack caller, std::uint64_t key, Visit&& visit) {
        known& at = known_[key * 0x9e3779b97f4a7c15u >> (64 - Log2)];
        if (at.key != key || at.epoch != epoch(key)) at = {key, visit(), epoch(key)};
        if (at.place.function == 0) return caller;
        const fil_callstack child = fil_callstack_child(caller, at.place.function, at.place.line);
        return child == FIL_CALLSTACK_NONE ? caller : child;
    }

    void forget() { forget_regions(0, regions); }
    // After the first forget().
    void forget_keys(std::uint64_t first, std::uint64_t keys) {
        if (keys == 0) return;
        const std::uint64_t from = first / region_keys;
        const std::uint64_t count = (first + keys - 1) / region_keys - from + 1;
        forget_regions(from, count < regions ? count : regions);
    }

  private:
    static constexpr std::uint64_t region_keys = 4096, regions = 256;

    Epoch& epoch(std::uint64_t key) { return epochs_[key / region_keys % regions]; }

    void forget_regions(std::uint64_t from, std::uint64_t count) {
        bool went_round = false;
        for (std::uint64_t at = from; at != from + count; ++at) {
            went_round |= ++epochs_[at % regions] == 0;
        }
        if (!went_round) return;
        std::memset(known_, 0, sizeof known_);
        for (Epoch& each : epochs_) each = 1;
    }

    struct known {
        std::uint64_t key;
        code_place place;
        Epoch epoch;
    };
    Epoch epochs_[regions];
    known known_[1u << Log2];
};

}  // namespace fil::source_kit
