// How long something has run, in seconds, by a clock that nobody sets.
#pragma once

#include <chrono>

namespace fil::cli {

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
