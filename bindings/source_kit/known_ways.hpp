#pragma once
// Ways that calls take through a thread's stack, and those of which something was shown once.
//
// A way is told by its return addresses: they are the same, at the same distances, if and only if
// the same calls have led here. (The innermost function's own is known, and each says how large its
// caller's frame is.) So what holds because of which functions wait, and for which of their calls,
// is shown once for each way; from then on it costs a comparison for each call on it.
//
// Zeroed memory is valid: no way is known. One thread, no locks. Hot path: no allocation, no throw.
#include <unwind.h>

#include <cstdint>

#include "memory_reading.hpp"

namespace fil::source_kit {

template <std::uint32_t MostCalls>
class call_way {
  public:
    // The next call, outwards: of a function whose frame ends at `end`. False if there is no room.
    bool add(address here, address end, address to) {
        if (calls_ == MostCalls) return false;
        at_[calls_] = static_cast<std::int32_t>(end - sizeof(address) - here);
        to_[calls_++] = to;
        return true;
    }
    bool is_empty() const { return calls_ == 0; }
    // Where the outermost return address ends. Of a way that is not empty, like the next.
    address end(address here) const {
        return here + at_distance(at_[calls_ - 1]) + sizeof(address);
    }
    // Whether the same calls have led to the function whose frame ends at `here`.
    bool leads(address here) const {
        for (std::uint32_t i = calls_; i != 0; --i)
            if (word_at(here, at_[i - 1]) != to_[i - 1]) return false;
        return true;
    }

    // Of any function's frame, whatever it keeps there.
    [[gnu::no_sanitize_address]] static std::uint64_t word_at(address here, std::int32_t distance) {
        return *reinterpret_cast<const volatile std::uint64_t*>(here + at_distance(distance));
    }

  private:
    static address at_distance(std::int32_t distance) {
        return static_cast<address>(std::int64_t{distance});
    }

    std::uint32_t calls_;
    std::int32_t at_[MostCalls];  // distances from `here`, nearest first
    address to_[MostCalls];
};

template <std::uint32_t Ways, std::uint32_t MostCalls>
class known_ways {
  public:
    // Whether learn() was called for the way from `end` to the function whose frame ends at `here`,
    // with the same `about`.
    bool has(address here, address end, std::uint32_t about) const {
        for (std::uint32_t i = 0; i != tries; ++i) {
            const known& each = known_[(first(here, end) + i) % Ways];
            if (each.bytes == end - here && each.about == about && !each.way.is_empty() &&
                each.way.leads(here))
                return true;
        }
        return false;
    }

    // The unwinder is asked, so only now and then: a program may have more ways than there is room
    // for. The way is not kept if it has too many calls.
    [[gnu::noinline]] void learn(address here, address end, std::uint32_t about) {
        if (asked_++ % 16 != 0) return;
        learning now{here, end, {}, false};
        _Unwind_Backtrace(visit, &now);
        if (!now.is_whole) return;
        known_[(first(here, end) + asked_ / 16 % tries) % Ways] = {end - here, about, now.way};
    }

  private:
    static constexpr std::uint32_t tries = 8;
    struct known {
        address bytes;
        std::uint32_t about;
        call_way<MostCalls> way;
    };
    struct learning {
        address here, end;
        call_way<MostCalls> way;
        bool is_whole;
    };

    static std::uint32_t first(address here, address end) {
        return static_cast<std::uint32_t>((end - here) >> 4);
    }

    static _Unwind_Reason_Code visit(_Unwind_Context* caller, void* context) {
        auto& now = *static_cast<learning*>(context);
        const address end = _Unwind_GetCFA(caller);  // of the function that it called
        if (end < now.here) return _URC_NO_REASON;
        now.is_whole = end > now.end;
        return !now.is_whole && now.way.add(now.here, end, _Unwind_GetIP(caller))
                   ? _URC_NO_REASON
                   : _URC_END_OF_STACK;
    }

    std::uint32_t asked_;
    known known_[Ways];
};

}  // namespace fil::source_kit
