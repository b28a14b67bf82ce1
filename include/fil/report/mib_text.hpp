#pragma once
// Numbers as the reader sees them: "648.5 MiB", "83,886,232", "14.11". Independent of the locale,
// halves are rounded up (away from zero). Pure functions.
//
// A size is in MiB with one decimal wherever that says something, so that sizes compare at a
// glance: from 0.05 to 10,000 MiB. Below that it is in KiB or B, above in GiB and on. The page
// (text.js) and the notebook (_sizes.py) say the same: test/report/golden/sizes.tsv; times and
// shares in test/report/cases.json.

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

inline std::string size_text(std::int64_t bytes) {
    constexpr double kib = 1024, mib = 1024 * kib;
    if (bytes < 0) return "-" + size_text(-bytes);
    if (bytes < 1024) return with_commas(bytes) + " B";
    const auto size = static_cast<double>(bytes);
    if (size < mib / 20) return rounded_text(size / kib, 1) + " KiB";
    double unit = mib;
    long long most = 100'000;  // tenths
    for (const char* name : {" MiB", " GiB", " TiB", " PiB"}) {
        if (std::llround(size * 10 / unit) < most) return rounded_text(size / unit, 1) + name;
        unit *= 1024;
        most = 10'240;
    }
    return rounded_text(size / unit, 1) + " EiB";
}

// In MiB whatever the size: the titles of graphs, which tools read.
inline std::string mib_text(std::int64_t bytes) {
    return decimal_text(bytes, 1 << 20, 1) + " MiB";
}

// The share of `part` in `whole` in per cent: "14.11"; "0.00" of nothing.
inline std::string percent_text(std::int64_t part, std::int64_t whole) {
    if (whole <= 0) return "0.00";
    return decimal_text(part, whole, 2, 100);
}

// The same for a reader: "14.1 %".
inline std::string share_text(std::int64_t part, std::int64_t whole) {
    if (whole <= 0) return "0.0 %";
    const bool is_all = static_cast<long double>(part) > 0.9995L * static_cast<long double>(whole);
    return (is_all ? "100" : decimal_text(part, whole, 1, 100)) + " %";
}

// "12 ms", "3.2 s", "61 min 4 s".
inline std::string seconds_text(double seconds) {
    if (seconds < 0.9995) return rounded_text(1000 * seconds, 0) + " ms";
    if (seconds < 120) return rounded_text(seconds, 1) + " s";
    const auto whole = static_cast<std::int64_t>(seconds);
    if (whole < 7200)
        return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
    return with_commas(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

}  // namespace fil::report
