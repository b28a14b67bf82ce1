#include "allocator_ground.hpp"

#include <atomic>
#include <cstddef>

#include "fil_hooks.h"

namespace fil::preload {
namespace {

constexpr std::size_t most_places = 32, most_early = 32, most_untold = 8;

struct place {
    std::atomic<const void*> caller;
    std::atomic<std::uint32_t> allocator;
};
constinit place places[most_places] = {};

struct early_mapping {
    const void* caller;
    const void* address;
    std::size_t bytes;
};
constinit early_mapping early[most_early] = {};
constinit std::size_t next_early = 0;
constinit std::atomic_flag early_is_used = ATOMIC_FLAG_INIT;

constinit range untold_objects[most_untold] = {};
constinit std::uint32_t untold_numbers[most_untold] = {};
constinit std::atomic<std::size_t> untold = 0;

constinit thread_local range learning_in;
constinit thread_local std::uint32_t learning_for = 0;

// Who comes while somebody is there, passes on: it is a memory of a few, not a book.
template <typename Use>
void use_early(Use use) {
    if (early_is_used.test_and_set(std::memory_order_acquire)) return;
    use();
    early_is_used.clear(std::memory_order_release);
}

std::uint32_t known_ground_of(const void* caller) {
    for (const place& each : places) {
        const void* known = each.caller.load(std::memory_order_acquire);
        if (known == nullptr) return 0;
        if (known == caller) return each.allocator.load(std::memory_order_relaxed);
    }
    return 0;
}

void learn(const void* caller) {
    for (place& each : places) {
        const void* none = nullptr;
        if (each.caller.compare_exchange_strong(none, caller) || none == caller) {
            each.allocator.store(learning_for, std::memory_order_relaxed);
            break;
        }
    }
    use_early([&] {
        for (early_mapping& one : early) {
            if (one.caller != caller) continue;
            fil_record_reserve(one.address);
            fil_allocator_ground(learning_for, one.address, one.bytes);
            one = {};
        }
    });
}

}  // namespace

std::uint32_t ground_of(const void* caller) {
    if (const std::uint32_t known = known_ground_of(caller)) return known;
    if (!learning_in.holds(caller)) return 0;
    learn(caller);
    return learning_for;
}

void note_counted_mapping(const void* caller, const void* address, std::size_t bytes) {
    const std::size_t count = untold.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < count; ++i)
        if (untold_objects[i].holds(caller))
            return fil_allocator_ground(untold_numbers[i], address, bytes);
    use_early([&] { early[next_early++ % most_early] = {caller, address, bytes}; });
}

void forget_mapping(const void* address, std::size_t bytes) {
    const range gone{reinterpret_cast<std::uintptr_t>(address), bytes};
    use_early([&] {
        for (early_mapping& one : early)
            if (gone.holds(one.address)) one = {};
    });
}

// One at a time: who looks for allocators.
void note_untold_allocator(const range& object, std::uint32_t allocator) {
    const std::size_t count = untold.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < count; ++i)
        if (untold_objects[i].start == object.start) return;  // opened again, at its old place
    if (count == most_untold) return;
    untold_objects[count] = object;
    untold_numbers[count] = allocator;
    untold.store(count + 1, std::memory_order_release);
    use_early([&] {
        for (const early_mapping& one : early)
            if (object.holds(one.caller)) fil_allocator_ground(allocator, one.address, one.bytes);
    });
}

learning_ground::learning_ground(const range& object, std::uint32_t allocator) {
    learning_in = object;
    learning_for = allocator;
}
learning_ground::~learning_ground() {
    learning_in = {};
}

}  // namespace fil::preload
