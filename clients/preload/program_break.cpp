// The end of the program's data, which some allocators move instead of mapping memory (tcmalloc,
// and those that a program brings along). The C library's malloc moves it by a way of its own, past
// these hooks.
//
// Uncommon path, as mappings.cpp. That the break cannot move is no want of memory: who asks for it
// maps memory then.

#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "allocator_ground.hpp"
#include "fil_hooks.h"
#include "other_allocator.hpp"
#include "real.hpp"

using namespace fil::preload;

namespace {

std::uintptr_t number_of(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address);
}

// From where it is to `end`: what goes is forgotten first, what comes is recorded last.
template <typename Call>
void* move_break(const void* caller, std::uintptr_t now, std::uintptr_t end, Call call) {
    const bool shrinks = end < now;
    if (shrinks) {
        fil_allocator_ground_went(reinterpret_cast<void*>(end), now - end);
        forget_mapping(reinterpret_cast<void*>(end), now - end);
    }
    fil_pieces* gone =
        shrinks ? fil_mapping_forget(reinterpret_cast<void*>(end), now - end) : nullptr;
    void* result = call();
    const bool worked = number_of(result) != UINTPTR_MAX;
    if (shrinks) {
        (worked ? fil_mapping_discard : fil_mapping_restore)(gone);
    } else if (worked && !is_other_allocator(caller)) {
        fil_record_map(reinterpret_cast<void*>(now), end - now, FIL_MAPPING_ANONYMOUS);
        note_counted_mapping(caller, reinterpret_cast<void*>(now), end - now);
    }
    return result;
}

template <typename Call>
void* move_break_by(const void* caller, std::intptr_t increment, Call call) {
    if (increment == 0) return call(increment);  // asks where it is
    const std::uintptr_t now = number_of(call(0));
    return move_break(caller, now, now + static_cast<std::uintptr_t>(increment),
                      [&] { return call(increment); });
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

void* sbrk(std::intptr_t increment) noexcept {
    return move_break_by(__builtin_return_address(0), increment, real.sbrk);
}

// The same function of the C library: tcmalloc has a sbrk of its own, which calls this one.
void* __sbrk(std::intptr_t increment) noexcept {
    return move_break_by(__builtin_return_address(0), increment, real.__sbrk);
}

int brk(void* end) noexcept {
    const std::uintptr_t now = number_of(real.__sbrk(0));
    const auto call = [&] { return reinterpret_cast<void*>(std::intptr_t{real.brk(end)}); };
    const void* result = move_break(__builtin_return_address(0), now, number_of(end), call);
    return static_cast<int>(reinterpret_cast<std::intptr_t>(result));
}

}  // extern "C"
