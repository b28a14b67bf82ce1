#pragma once
// How large the attached System V segments are: shmdt is told an address only.
//
// A table of fixed size, lock-free: a slot belongs to whoever put its address there, and an address
// to the thread that attaches or detaches it. What finds no room is not recorded. Survives fork, as
// the attachments do.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fil::preload {

class attachments {
  public:
    // False: no room.
    bool add(const void* address, std::size_t bytes) {
        for (slot& one : slots_) {
            std::uintptr_t expected = 0;
            if (!one.address.compare_exchange_strong(expected, taken)) continue;
            one.bytes = bytes;
            one.address.store(number_of(address), std::memory_order_release);
            return true;
        }
        return false;
    }

    // Its bytes; 0 if it is not known.
    std::size_t take(const void* address) {
        for (slot& one : slots_) {
            if (one.address.load(std::memory_order_acquire) != number_of(address)) continue;
            const std::size_t bytes = one.bytes;
            one.address.store(0, std::memory_order_release);
            return bytes;
        }
        return 0;
    }

  private:
    static constexpr std::uintptr_t taken = 1;  // being written; no page begins there
    static std::uintptr_t number_of(const void* address) {
        return reinterpret_cast<std::uintptr_t>(address);
    }

    struct slot {
        std::atomic<std::uintptr_t> address;
        std::size_t bytes;
    };
    slot slots_[1024] = {};
};

}  // namespace fil::preload
