#pragma once
// Puts another function in the place of a real one, for the length of a scope.

#include "real.hpp"

template <typename Function>
class replaced {
  public:
    replaced(Function& place, Function by) : place_(place), kept_(place) { place = by; }
    ~replaced() { place_ = kept_; }
    replaced(const replaced&) = delete;
    Function original() const { return kept_; }

  private:
    Function& place_;
    Function kept_;
};
template <typename Function, typename By>
replaced(Function&, By) -> replaced<Function>;
