#pragma once
// What the core stands on, as one type: memory for its tables, and how its threads wait.
//
// The one template parameter of whatever has tables and locks. A model inherits from the models of
// the two seams, or has their functions itself. It has no state.

#include "fil/base/pages.hpp"
#include "fil/base/waiting.hpp"

namespace fil {

template <typename System>
concept system_below = page_source<System> && waiting<System>;

struct null_system : null_pages, null_waiting {};
static_assert(system_below<null_system>);

}  // namespace fil
