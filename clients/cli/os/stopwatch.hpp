// When something began, and how long it has run: in seconds, by a clock that nobody sets.
#pragma once

#include <chrono>
#include <cstdint>

namespace fil::cli {

inline std::int64_t nanoseconds_since_1970() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

class stopwatch {
  public:
    // `already`: it began so many seconds ago.
    explicit stopwatch(double already = 0) : already_(already) {}

    double seconds() const {
        const auto since = std::chrono::steady_clock::now() - start_;
        return already_ + std::chrono::duration<double>(since).count();
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    double already_;
};

}  // namespace fil::cli
