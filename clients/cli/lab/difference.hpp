// Whether one allocator has less than another, of a few measurements of each: by chance in no more
// than 1 of 200 cases.
//
// A page asks some ten questions of a trace. So where two allocators are the same in all of them,
// it names a winner anywhere in at most 1 of 20 traces (Bonferroni). That the best one is compared
// with each of the others needs no more: it must be less than every one of them.
//
// - Of six times and more, ranks decide (Mann and Whitney), whatever the figures' distribution.
// - Of three to five they cannot: all five below all five come by chance in 1 of 126. The distance
//   must be so large (Welch's t, with the degrees of freedom of one of the two, which is on the
//   safe side). Where a figure jumps between two values, three times alike may be chance, and this
//   takes them for more than they are.
// - Of fewer nothing does.
//
// What is counted in steps (pages, calls) may be the same each time by chance: a step less counts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace fil::cli {

namespace difference {

// Quantiles at 1 - 1/400, since either of the two may be less: of Student's t with 2, 3 and 4
// degrees of freedom, which three, four and five measurements have; of the normal distribution.
inline constexpr std::size_t enough = 3, enough_for_ranks = 6;
inline constexpr double of_t[] = {14.089, 7.4533, 5.5976};
inline constexpr double of_normal = 2.8070;

inline double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double one : values) sum += one;
    return sum / static_cast<double>(values.size());
}

inline double variance_of_mean(const std::vector<double>& values) {
    const double mean = mean_of(values), count = static_cast<double>(values.size());
    double sum = 0;
    for (const double one : values) sum += (one - mean) * (one - mean);
    return sum / (count - 1) / count;
}

// How far fewer pairs have the other one less than half of them, in standard deviations; of equal
// figures each has half.
inline double rank_score(const std::vector<double>& some, const std::vector<double>& others,
                         double step) {
    double above = 0;
    for (const double one : some)
        for (const double other : others)
            above += std::abs(one - other) <= step ? 0.5 : one > other ? 1 : 0;
    const double n = static_cast<double>(some.size()), m = static_cast<double>(others.size());
    return (n * m / 2 - above) / std::sqrt(n * m * (n + m + 1) / 12);
}

}  // namespace difference

// Pure.
inline bool is_surely_less(const std::vector<double>& some, const std::vector<double>& others,
                           double step) {
    using namespace difference;
    const std::size_t count = std::min(some.size(), others.size());
    if (count < enough) return false;
    if (count >= enough_for_ranks) return rank_score(some, others, step) >= of_normal;
    const double error = std::sqrt(variance_of_mean(some) + variance_of_mean(others));
    return mean_of(others) - mean_of(some) - step > of_t[count - enough] * error;
}

}  // namespace fil::cli
