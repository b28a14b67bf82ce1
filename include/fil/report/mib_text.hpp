#pragma once
// Numbers as the reader sees them: "648.5 MiB", "83,886,232", "14.11". Independent of the locale,
// halves are rounded up (away from zero). Pure functions.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace fil::report {

// 83886232 -> "83,886,232"
inline std::string with_commas(std::int64_t number) {
    std::string digits = std::to_string(number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, 1, ',');
    return digits;
}

inline std::string rounded_text(long double value, int decimals) {
    std::int64_t scale = 1;
    for (int i = 0; i < decimals; ++i) scale *= 10;
    const std::int64_t units = std::llround(value * static_cast<long double>(scale));
    std::string text = with_commas(units / scale);
    if (units < 0 && units > -scale) text = "-" + text;
    if (decimals == 0) return text;
    const std::string fraction = std::to_string(std::llabs(units % scale));
    return text + "." + std::string(static_cast<std::size_t>(decimals) - fraction.size(), '0') +
           fraction;
}

// `per` units make one, or `whole` of something.
inline std::string decimal_text(std::int64_t number, std::int64_t per, int decimals,
                                int whole = 1) {
    return rounded_text(static_cast<long double>(number) * whole / static_cast<long double>(per),
                        decimals);
}

inline std::string mib_text(std::int64_t bytes) {
    return decimal_text(bytes, 1 << 20, 1) + " MiB";
}

// The share of `part` in `whole` in per cent: "14.11"; "0.00" of nothing.
inline std::string percent_text(std::int64_t part, std::int64_t whole) {
    if (whole <= 0) return "0.00";
    return decimal_text(part, whole, 2, 100);
}

}  // namespace fil::report
