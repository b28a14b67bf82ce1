#include "allocator_ground.hpp"

#include <atomic>
#include <cstddef>

#include "fil_hooks.h"

namespace fil::preload {
namespace {

constexpr std::size_t most_places = 64, most_early = 32, most_untold = 32;

struct place {
    std::atomic<const void*> caller;  // none: it is free
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

// One thread at a time writes them, `bytes` last; 0: it is free. Who reads meanwhile may name
// another.
struct untold_object {
    std::atomic<std::uintptr_t> start;
    std::atomic<std::size_t> bytes;
    std::atomic<std::uint32_t> allocator;
};
constinit untold_object untold[most_untold] = {};

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
    for (const place& each : places)
        if (each.caller.load(std::memory_order_acquire) == caller)
            return each.allocator.load(std::memory_order_relaxed);
    return 0;
}

void learn(const void* caller) {
    for (place& each : places) {
        if (each.caller.load(std::memory_order_relaxed) != nullptr) continue;
        each.allocator.store(learning_for, std::memory_order_relaxed);
        each.caller.store(caller, std::memory_order_release);
        break;
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
    for (const untold_object& each : untold) {
        const std::size_t bytes_of_object = each.bytes.load(std::memory_order_acquire);
        if (range{each.start, bytes_of_object}.holds(caller))
            return fil_allocator_ground(each.allocator, address, bytes);
    }
    use_early([&] { early[next_early++ % most_early] = {caller, address, bytes}; });
}

void forget_mapping(const void* address, std::size_t bytes) {
    const range gone{reinterpret_cast<std::uintptr_t>(address), bytes};
    use_early([&] {
        for (early_mapping& one : early)
            if (gone.holds(one.address)) one = {};
    });
}

void note_untold_allocator(const range& object, std::uint32_t allocator) {
    for (untold_object& each : untold) {
        if (each.bytes != 0) continue;
        each.allocator = allocator;
        each.start = object.start;
        each.bytes.store(object.bytes, std::memory_order_release);
        break;
    }
    use_early([&] {
        for (const early_mapping& one : early)
            if (object.holds(one.caller)) fil_allocator_ground(allocator, one.address, one.bytes);
    });
}

void forget_ground_of(const range& object) {
    for (place& each : places)
        if (object.holds(each.caller)) each.caller = nullptr;
    for (untold_object& each : untold)
        if (each.start == object.start) each.bytes = 0;
    use_early([&] {
        for (early_mapping& one : early)
            if (object.holds(one.caller)) one = {};
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
