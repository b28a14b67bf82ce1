#include "sample/pace.hpp"

#include <algorithm>
#include <ctime>

namespace fil::cli {

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

int milliseconds_to_next_look(double seconds, double cost) {
    // The share of a core: 5 % in the first fifth of a second, falling to 0.5 % after two.
    const double waits_a_cost = std::clamp(100 * seconds, 20.0, 200.0);
    const double regular = std::clamp(seconds, 2.0, 20.0);
    return static_cast<int>(std::clamp(1000 * cost * waits_a_cost, regular, 200.0));
}

int pace::milliseconds(double seconds, double besides) {
    const double used = cpu_seconds() - besides;
    cost_ += (used - used_ - cost_) / 8;
    used_ = used;
    return milliseconds_to_next_look(seconds, cost_);
}

}  // namespace fil::cli
