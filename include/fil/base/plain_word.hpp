#pragma once
// A lock-free atomic as the aligned value that it is: compilers make a load, an addition and a
// store of two relaxed accesses, but one instruction of these. To the machine both are the same. A
// build for ThreadSanitizer, which is told of a race by how it is written, has the relaxed
// accesses.
//
// Hot path: no allocation, no throw.

#include <atomic>
#include <type_traits>

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

// What events read while another thread starts, stops or begins a run: they find the old value or
// the new one. Whoever writes it says by other words that the new one holds.
template <typename Value>
class seldom_written {
  public:
    constexpr seldom_written(Value value) : word_(value) {}
    seldom_written(const seldom_written& other) : word_(other.get()) {}
    seldom_written& operator=(const seldom_written& other) { return *this = other.get(); }
    seldom_written& operator=(Value value) {
        word_.store(value, std::memory_order_relaxed);
        return *this;
    }

    FIL_HOT Value get() const { return plainly(word_); }
    FIL_HOT operator Value() const { return get(); }
    FIL_HOT Value operator->() const requires std::is_pointer_v<Value> { return get(); }

  private:
    std::atomic<Value> word_;
};

}  // namespace fil
