// A figure that was measured several times: its median, and between which values the true median
// lies, with 90 % confidence or more. Where two of these ranges touch, nobody has won; where they
// do not, that may still be chance (difference.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace fil::cli {

struct spread {
    double median = 0, low = 0, high = 0;
    bool is_known = true;
    std::vector<double> values = {};  // in order

    bool is_apart_from(const spread& other) const { return high < other.low || other.high < low; }
};

// By ranks, whatever the figures' distribution: the values of rank k from either end, for the
// largest k that gives the confidence. Five measurements give their least and greatest (94 %).
// Where one is NaN, it is not known.
// Pure.
inline spread spread_of(std::vector<double> values) {
    if (values.empty()) return {};
    if (std::ranges::any_of(values, [](double one) { return std::isnan(one); }))
        return {0, 0, 0, false, {}};
    std::ranges::sort(values);
    const std::size_t count = values.size();
    // The chance that fewer than k of `count` lie below the median, on either side.
    double both = 0, ways = 1, all = 1;
    for (std::size_t i = 0; i < count; ++i) all *= 2;
    std::size_t rank = 0;
    for (std::size_t k = 0; k < count / 2; ++k) {
        both += 2 * ways / all;
        if (both > 0.1) break;
        rank = k;
        ways = ways * static_cast<double>(count - k) / static_cast<double>(k + 1);
    }
    const double middle =
        count % 2 != 0 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
    return {middle, values[rank], values[count - 1 - rank], true, values};
}

}  // namespace fil::cli
