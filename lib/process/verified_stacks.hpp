#pragma once
// Of a build that verifies native stacks: how many were compared, and those that differ, on stderr.
// Not part of a product.

#include "fil/base/ids.hpp"

namespace fil {

struct verified_stacks {
    static void same();
    static void differs(callstack_id fast, callstack_id portable);
};

}  // namespace fil
