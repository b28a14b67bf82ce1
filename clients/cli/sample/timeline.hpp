// A bounded history: numbers over time, each point standing for a stretch of time with the highest
// values in it. When it is full, neighbours are joined and stretches are twice as long: a long
// session keeps its maxima and its whole length, and costs no more than a short one. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fil::cli {

class timeline {
  public:
    struct point {
        double seconds;  // when `allocated` was highest in this stretch
        std::int64_t allocated;
        std::int64_t resident;  // -1: not known
    };

    // `capacity` points, at least two, of at first `stretch` seconds each.
    explicit timeline(std::size_t capacity, double stretch = 0.001);

    // Times never go back.
    void add(const point& sample);

    std::span<const point> points() const { return points_; }

  private:
    std::int64_t stretch_of(double seconds) const;
    void halve();

    std::size_t capacity_;
    double stretch_;
    std::vector<point> points_;
    std::vector<std::int64_t> stretches_;  // of each point: its number from the start
};

}  // namespace fil::cli
