#pragma once
// A lock-free atomic as the aligned value that it is: compilers make a load, an addition and a
// store of two relaxed accesses, but one instruction of these. To the machine both are the same. A
// build for ThreadSanitizer, which is told of a race by how it is written, has the relaxed
// accesses.
//
// Hot path: no allocation, no throw.

#include <atomic>

#include "fil/base/inlining.hpp"

namespace fil {

#if defined(__has_feature)  // clang
#if __has_feature(thread_sanitizer)
#define FIL_RACES_ARE_WATCHED true
#endif
#elif defined(__SANITIZE_THREAD__)
#define FIL_RACES_ARE_WATCHED true
#endif
#ifndef FIL_RACES_ARE_WATCHED
#define FIL_RACES_ARE_WATCHED false
#endif

// A relaxed load.
template <typename Number>
FIL_HOT Number plainly(const std::atomic<Number>& word) {
    static_assert(std::atomic<Number>::is_always_lock_free && sizeof word == sizeof(Number));
    if constexpr (FIL_RACES_ARE_WATCHED) return word.load(std::memory_order_relaxed);
    return *reinterpret_cast<const Number*>(&word);
}

// Addition to what only this thread writes.
template <typename Number>
FIL_HOT void add_owned(std::atomic<Number>& word, Number change) {
    static_assert(std::atomic<Number>::is_always_lock_free && sizeof word == sizeof(Number));
    if constexpr (FIL_RACES_ARE_WATCHED)
        word.store(word.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
    else
        *reinterpret_cast<Number*>(&word) += change;
}

}  // namespace fil
