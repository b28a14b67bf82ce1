#pragma once
// A value that only a calling function's register holds: the instruction that an interpreter's loop
// stands at, say, between the moments at which it writes it down.
//
// The unwinder knows it, by the callers' unwind tables, and takes microseconds. So the way from
// here to that function is remembered (known_ways.hpp), and where one of the functions between has
// saved the register.
//
// No way is gone further than the unwinder has been on this stack: what lies above it may be
// another's, or nothing.
//
// Zeroed memory is valid: no way is known. One thread, no locks. Hot path: no allocation, no throw;
// some 6 KiB of stack on a way that is new, so not on a signal stack.
#include <unwind.h>

#include <cstdint>

#include "known_ways.hpp"

namespace fil::source_kit {

class caller_registers {
  public:
    // What the nearest caller has in a register that accept(value) takes; 0: no caller has.
    template <typename Accept>
    [[gnu::noinline]] std::uint64_t find(Accept accept) {
        __builtin_unwind_init();  // what nobody has saved yet is saved in this frame
        const auto here = reinterpret_cast<address>(__builtin_dwarf_cfa());
        if (is_on_known_stack(here)) {
            for (const way& each : ways_) {
                if (each.calls.is_empty() || each.calls.end(here) > end_) continue;
                if (!each.calls.leads(here)) continue;
                const std::uint64_t value = call_way::word_at(here, each.value);
                if (accept(value)) return value;
            }
        }
        return ask_unwinder(here, accept);
    }

  private:
    static constexpr std::uint32_t most_ways = 32;
    using call_way = source_kit::call_way<15>;
    struct way {
        std::int32_t value;  // how far from `here` the register is saved
        call_way calls;
    };

    bool is_on_known_stack(address here) const {
        return thread_ == __builtin_thread_pointer() && here - begin_ < end_ - begin_;
    }
    // What was met of the same stack before is still there.
    void know_stack(address here, address end) {
        if (!is_on_known_stack(here) && !is_on_known_stack(end - 1)) begin_ = here, end_ = end;
        thread_ = __builtin_thread_pointer();
        if (here < begin_) begin_ = here;
        if (end > end_) end_ = end;
    }

    template <typename Accept>
    struct search {
        address here;
        address end;  // of what was met
        Accept& accept;
        way found = {};
        std::uint64_t value = 0;
        int in = -1;  // which register
    };

    template <typename Accept>
    static _Unwind_Reason_Code visit(_Unwind_Context* caller, void* context) {
        constexpr int saved_by_callees[] = {3, 6, 12, 13, 14, 15};  // rbx, rbp, r12 to r15
        auto& search = *static_cast<caller_registers::search<Accept>*>(context);
        const address end = _Unwind_GetCFA(caller);  // of the function that it called
        if (end < search.here) return _URC_NO_REASON;
        search.end = end;
        if (search.in != -1 && _Unwind_GetGR(caller, search.in) != search.value) {
            return _URC_END_OF_STACK;  // its own: the one before had it
        }
        if (!search.found.calls.add(search.here, end, _Unwind_GetIP(caller)))
            return _URC_END_OF_STACK;
        for (int each : saved_by_callees) {
            if (search.in != -1) break;
            const std::uint64_t value = _Unwind_GetGR(caller, each);
            if (!search.accept(value)) continue;
            search.value = value, search.in = each;
            search.found.value = place_of(caller, each, value, search.here, end);
        }
        return _URC_NO_REASON;
    }

    template <typename Accept>
    [[gnu::noinline]] std::uint64_t ask_unwinder(address here, Accept& accept) {
        search<Accept> state{here, here, accept};
        _Unwind_Backtrace(visit<Accept>, &state);
        know_stack(here, state.end);
        if (state.in == -1) return 0;
        if (state.found.value != 0) ways_[next_++ % most_ways] = state.found;
        return state.value;
    }

    // Where the unwinder reads the register. Several places may hold the value, others left from
    // earlier calls; so it is asked again while one is changed. (Whoever interrupts this and does
    // not come back gives these frames up.) 0: nowhere here.
    [[gnu::no_sanitize_address]] static std::int32_t place_of(_Unwind_Context* caller, int in,
                                                              std::uint64_t value, address here,
                                                              address end) {
        for (address at = here - 64; at < end; at += 8) {
            auto* word = reinterpret_cast<volatile std::uint64_t*>(at);
            if (*word != value) continue;
            *word = ~value;
            const bool is_read = _Unwind_GetGR(caller, in) != value;
            *word = value;
            if (is_read) return static_cast<std::int32_t>(at - here);
        }
        return 0;
    }

    way ways_[most_ways];
    std::uint32_t next_;
    // Of the stack that the last way was on, what the unwinder has been through.
    const void* thread_;
    address begin_, end_;
};

}  // namespace fil::source_kit
