#pragma once
// How long each step took: the processor's own counter, where it has one that can be read without
// the kernel, else the clock. One a thread; nothing is allocated.

#include <time.h>

#include <cstdint>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace fil::replay_driver {

inline std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

inline std::uint64_t ticks() {
#if defined(__x86_64__)
    unsigned aux;
    return __rdtscp(&aux);
#else
    return static_cast<std::uint64_t>(now_ns());
#endif
}

// Times by their logarithm, in eighths: percentiles to 12 %.
struct histogram {
    static constexpr unsigned buckets = 40 * 8;
    std::uint32_t counts[buckets];

    static unsigned bucket_of(std::uint64_t ticks) {
        if (ticks < 8) return static_cast<unsigned>(ticks);
        const unsigned top = 63 - static_cast<unsigned>(__builtin_clzll(ticks));
        const unsigned at = (top - 2) * 8 + static_cast<unsigned>(ticks >> (top - 3) & 7);
        return at < buckets ? at : buckets - 1;
    }
    // The middle of a bucket.
    static double value_of(unsigned bucket) {
        if (bucket < 8) return bucket;
        const unsigned top = bucket / 8 + 2;
        const double step = static_cast<double>(std::uint64_t{1} << (top - 3));
        return (8 + bucket % 8 + 0.5) * step;
    }
    void add(std::uint64_t ticks) { ++counts[bucket_of(ticks)]; }
};

}  // namespace fil::replay_driver
