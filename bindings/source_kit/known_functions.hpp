#pragma once
// Addresses of code -> functions of the recording, remembered while the code lives.
//
// An address names a piece of code (a code object, a prototype) only while its block lives: at the
// first look at one, fil_block_watch() is asked to raise fil_generation() when that is freed, and
// the owner then calls forget(). Code that has no block of its own, as what is built into the
// runtime, never dies. Zeroed memory is valid and empty. One thread, no locks of ours. Hot path: no
// allocation, no throw.
#include <cstddef>
#include <cstdint>

#include "fil.h"
#include "memory_reading.hpp"

namespace fil::source_kit {

template <std::uint32_t Codes>
class known_functions {
  public:
    // The function of the code at an address: remembered; or intern(code), after watch(code).
    template <typename Watch, typename Intern>
    fil_function find(address code, Watch&& watch, Intern&& intern) {
        known& place = known_[(code >> 4 ^ code >> 13) % Codes];
        if (place.code == code) return place.function;
        watch(code);
        const fil_function function = intern(code);
        place = {code, function};
        return function;
    }

    void forget() {
        for (known& each : known_) each = {};
    }
    // Only code that begins in these bytes.
    void forget(address first, std::size_t bytes) {
        for (known& each : known_) {
            if (each.code - first < bytes) each = {};
        }
    }

  private:
    struct known {
        address code;
        fil_function function;
    };
    known known_[Codes];
};

}  // namespace fil::source_kit
