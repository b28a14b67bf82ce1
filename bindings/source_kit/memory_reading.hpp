#pragma once
// Reading a runtime's structs in place: loads at offsets, nothing called.
//
// What is read must be the calling thread's own, or stand still meanwhile. Any thread; no locks.
// Hot path: no allocation, no throw.
#include <cstdint>
#include <cstring>

namespace fil::source_kit {

using address = std::uintptr_t;  // of something in the runtime; 0 = none

template <typename Value = address>
inline Value load(address object, std::uint32_t offset) {
    Value value;
    std::memcpy(&value, reinterpret_cast<const void*>(object + offset), sizeof value);
    return value;
}

template <typename Value>
inline void store(address object, std::uint32_t offset, Value value) {
    std::memcpy(reinterpret_cast<void*>(object + offset), &value, sizeof value);
}

}  // namespace fil::source_kit
