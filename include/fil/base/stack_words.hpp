#pragma once
// One word of a stack that is not the reader's frame: its owner may write it meanwhile, and then
// either value will do. Hot path: no allocation, no throw.

#include <cstdint>

namespace fil {

[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] inline std::uintptr_t stack_word(
    std::uintptr_t at) {
    return *reinterpret_cast<const volatile std::uintptr_t*>(at);
}

}  // namespace fil
