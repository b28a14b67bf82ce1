#pragma once
// Where no fil.h is linked: pages that the tests give to what grows.

#include <cstddef>
#include <cstdlib>

namespace fil::test {

struct ordinary_pages {
    static void* map(std::size_t bytes) { return std::calloc(1, bytes); }
    static void unmap(void* address, std::size_t) { std::free(address); }
};

}  // namespace fil::test
