#include "sample/timeline.hpp"

#include <algorithm>
#include <cmath>

namespace fil::cli {
namespace {

void join(timeline::point& into, const timeline::point& other) {
    if (other.allocated > into.allocated) {
        into.allocated = other.allocated;
        into.seconds = other.seconds;
    }
    into.resident = std::max(into.resident, other.resident);
}

}  // namespace

timeline::timeline(std::size_t capacity, double stretch)
    : capacity_(std::max<std::size_t>(capacity, 2)), stretch_(stretch) {}

std::int64_t timeline::stretch_of(double seconds) const {
    return static_cast<std::int64_t>(std::floor(seconds / stretch_));
}

void timeline::add(const point& sample) {
    points_.reserve(capacity_);
    stretches_.reserve(capacity_);
    while (points_.size() == capacity_ && stretches_.back() != stretch_of(sample.seconds)) halve();
    const std::int64_t stretch = stretch_of(sample.seconds);
    if (!points_.empty() && stretches_.back() >= stretch) {
        join(points_.back(), sample);
    } else {
        points_.push_back(sample);
        stretches_.push_back(stretch);
    }
}

void timeline::halve() {
    stretch_ *= 2;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
        const std::int64_t stretch = stretches_[i] / 2;
        if (kept > 0 && stretches_[kept - 1] == stretch) {
            join(points_[kept - 1], points_[i]);
        } else {
            points_[kept] = points_[i];
            stretches_[kept++] = stretch;
        }
    }
    points_.resize(kept);
    stretches_.resize(kept);
}

}  // namespace fil::cli
