#pragma once
// What the core stands on, as one type: memory for its tables, and how its threads wait.
//
// The one template parameter of whatever has tables and locks. A model inherits from the models of
// the two seams, or has their functions itself. It has no state.
//
// One that records mappings may also tell how many bytes of a range are in memory, by a static
// function resident_bytes(start, bytes), 0 if that is not known; without, nothing is known of
// arenas.

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "fil/base/pages.hpp"
#include "fil/base/waiting.hpp"

namespace fil {

template <typename System>
concept system_below = page_source<System> && waiting<System>;

struct null_system : null_pages, null_waiting {};
static_assert(system_below<null_system>);

template <typename System>
concept tells_residence = requires(std::uintptr_t start, std::size_t bytes) {
    { System::resident_bytes(start, bytes) } -> std::same_as<std::size_t>;
};

}  // namespace fil
