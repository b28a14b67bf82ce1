#pragma once
// Private memory for bookkeeping, straight from the operating system.
//
// Concept `page_source`: map(bytes) gives zeroed pages or nullptr; unmap(address, bytes) takes them
// back. The system's is in lib/os/os_linux.cpp; tests count or refuse.
// Hot path: no malloc, no throw, but a system call: only uncommon paths come here.

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace fil {

template <typename Pages>
concept page_source = requires(std::size_t bytes, void* address) {
    { Pages::map(bytes) } -> std::same_as<void*>;
    { Pages::unmap(address, bytes) } -> std::same_as<void>;
};

// How many bits an address of a user's has.
#if defined(__aarch64__)
inline constexpr int user_address_bits = 48;
#else
inline constexpr int user_address_bits = 47;
#endif

// Anonymous private pages, without swap reservation and outside core dumps; a forked child sees
// them zeroed if `wiped_on_fork`.
struct system_pages {
    static void* map(std::size_t bytes);
    static void unmap(void* address, std::size_t bytes);
    static void clear(void* address, std::size_t bytes);  // zeroed again, their memory given back

    // Pages that nobody may touch until they are allowed again, and that are then not locked.
    static void forbid(void* address, std::size_t bytes);
    static void allow(void* address, std::size_t bytes);
};
struct system_pages_wiped_on_fork {
    static void* map(std::size_t bytes);
    static void unmap(void* address, std::size_t bytes);
    static void clear(void* address, std::size_t bytes);
};
static_assert(page_source<system_pages>);
static_assert(page_source<system_pages_wiped_on_fork>);

// How many bytes of a range of this process are in memory; 0 if the system does not tell.
std::size_t resident_bytes(std::uintptr_t start, std::size_t bytes);

}  // namespace fil
