#pragma once
// How long each malloc, free and realloc of a replay takes, by threads and classes of sizes.
//
// Two readings of the processor's clock around each; what these take themselves is taken off.

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "replay_figures.hpp"
#include "stopwatch_of_steps.hpp"

namespace fil::replay_driver {

constexpr std::uint64_t size_classes[] = {16, 64, 256, 1024, 4096, 32768, 262144, ~0ull};
constexpr int classes = 8, operations = 3;
inline int class_of(std::uint64_t bytes) {
    int found = 0;
    while (bytes > size_classes[found]) ++found;
    return found;
}

inline constinit thread_local std::uint64_t began_ticks = 0;

struct timing_watch : plain_watch {
    timing_watch(figures& of, histogram* into) : plain_watch(of), times(into) {}
    histogram* times;  // of each thread, operation and class of sizes

    void before() { began_ticks = ticks(); }
    void after(std::uint32_t thread, const step& one, void*) {
        const std::uint64_t took = ticks() - began_ticks;
        const int what = one.what == step_kind::release      ? 1
                         : one.what == step_kind::reallocate ? 2
                                                             : 0;
        times[(static_cast<std::size_t>(thread) * operations + static_cast<std::size_t>(what)) *
                  classes +
              static_cast<std::size_t>(class_of(one.bytes()))]
            .add(took);
    }
};

inline void print_times(const timing_watch& watch, std::size_t threads, double ns_per_tick,
                        double overhead) {
    constexpr const char* names[] = {"malloc", "free", "realloc"};
    for (int what = 0; what < operations; ++what)
        for (int size = 0; size < classes; ++size) {
            std::uint64_t sums[histogram::buckets] = {}, count = 0;
            for (std::size_t thread = 0; thread < threads; ++thread)
                for (unsigned i = 0; i < histogram::buckets; ++i) {
                    const std::uint32_t here =
                        watch
                            .times[(thread * operations + static_cast<std::size_t>(what)) *
                                       classes +
                                   static_cast<std::size_t>(size)]
                            .counts[i];
                    sums[i] += here;
                    count += here;
                }
            if (count == 0) continue;
            tell("latency %s %llu %llu", names[what],
                 static_cast<unsigned long long>(size_classes[size]),
                 static_cast<unsigned long long>(count));
            for (const double part : {0.5, 0.9, 0.99, 0.999}) {
                const auto wanted = static_cast<std::uint64_t>(static_cast<double>(count) * part);
                std::uint64_t seen = 0;
                unsigned at = 0;
                while (at + 1 < histogram::buckets && (seen += sums[at]) <= wanted) ++at;
                std::printf(" %.0f",
                            std::max(0.0, (histogram::value_of(at) - overhead) * ns_per_tick));
            }
            std::puts("");
        }
}

}  // namespace fil::replay_driver
