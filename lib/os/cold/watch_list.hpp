#pragma once
// Descriptors of which one is readable: itself a descriptor that is readable then.
//
// Whoever is closed is off the list. What fails leaves its reason in errno. Cold, one thread.

#include "os/file_descriptor.hpp"

namespace fil::os {

class watch_list {
  public:
    watch_list();
    bool is_there() const { return list_.number() >= 0; }
    int descriptor() const { return list_.number(); }

    bool add(int descriptor) const;
    void remove(int descriptor) const;

    // One that is readable now; -1: none is.
    int ready() const;

  private:
    file_descriptor list_;
};

}  // namespace fil::os
