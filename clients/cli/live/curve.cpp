#include "live/curve.hpp"

#include <algorithm>
#include <cmath>

namespace fil::cli {

std::vector<std::string> curve(std::span<const fil_sample> samples, double end, std::int64_t most,
                               std::size_t columns, std::size_t rows, bool ascii) {
    constexpr const char* eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    std::vector<std::string> text(rows);
    if (columns == 0 || samples.empty() || end <= 0 || most <= 0) return text;
    std::vector<std::int64_t> heights(columns, -1);
    for (const fil_sample& sample : samples) {
        const double place = sample.seconds / end * static_cast<double>(columns);
        const auto at = std::min(static_cast<std::size_t>(std::max(place, 0.0)), columns - 1);
        heights[at] = std::max(heights[at], sample.allocated);
    }
    std::int64_t before = 0;
    for (std::int64_t& height : heights) before = height = height < 0 ? before : height;
    const auto steps = static_cast<std::int64_t>(rows * 8);
    for (const std::int64_t height : heights) {
        const double share = static_cast<double>(std::clamp<std::int64_t>(height, 0, most)) /
                             static_cast<double>(most);
        std::int64_t filled = std::llround(share * static_cast<double>(steps));
        if (height > 0) filled = std::max<std::int64_t>(filled, 1);
        for (std::size_t row = rows; row-- > 0;) {
            const auto part = static_cast<std::size_t>(std::clamp<std::int64_t>(filled, 0, 8));
            text[row] += ascii ? (part >= 4 ? "#" : part > 0 ? "." : " ") : eighths[part];
            filled -= 8;
        }
    }
    return text;
}

double growth(std::span<const fil_sample> samples, double end, std::int64_t now, double last) {
    for (const fil_sample& sample : samples) {
        if (sample.seconds < end - last || sample.seconds >= end) continue;
        return static_cast<double>(now - sample.allocated) / (end - sample.seconds);
    }
    return 0;
}

}  // namespace fil::cli
