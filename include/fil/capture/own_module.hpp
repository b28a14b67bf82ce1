#pragma once
// The module whose code is our own, which no callstack shows: known by an address in it. Where we
// are linked into the program itself there is none: nothing tells our code from the program's.
//
// Made cold; holds(): any thread, a comparison.

#include <cstdint>

#include "fil/base/inlining.hpp"
#include "fil/capture/module_finder.hpp"

namespace fil {

class own_module {
  public:
    own_module() = default;

    template <module_finder Finder>
    static own_module around(std::uintptr_t code) {
        own_module found;
        if (code != 0) Finder::find(code, &remember, &found);
        return found;
    }

    FIL_HOT bool holds(std::uintptr_t pc) const { return pc - begin_ < bytes_; }

  private:
    static void remember(void* context, const loaded_module* found) {
        if (found == nullptr || found->is_program) return;
        auto& self = *static_cast<own_module*>(context);
        self.begin_ = found->begin;
        self.bytes_ = found->end - found->begin;
    }

    std::uintptr_t begin_ = 0;
    std::uintptr_t bytes_ = 0;
};

}  // namespace fil
