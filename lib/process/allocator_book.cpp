#include "process/allocator_book.hpp"

#include <algorithm>
#include <cstring>

#include "fil/base/spin_lock.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"

namespace fil {
namespace {

constinit spin_lock grounds_lock;

// Not of a forked child: the lock may have been held, and nobody reads it there.
bool is_ours() {
    return allocators_here.pid.load(std::memory_order_relaxed) == os::process_id();
}

// Takes the part that lies in the range out of one ground; what is left behind it is given back.
allocator_book::ground cut(allocator_book::ground& one, std::uint64_t start, std::uint64_t end) {
    const std::uint64_t one_end = one.address + one.bytes;
    allocator_book::ground behind{};
    if (start >= one_end || end <= one.address) return behind;
    if (end < one_end) behind = {end, one_end - end, one.whose};
    one.bytes = start > one.address ? start - one.address : 0;
    return behind;
}

void add(const allocator_book::ground& fresh) {
    allocator_book& book = allocators_here;
    const std::uint32_t used = book.grounds_used.load(std::memory_order_relaxed);
    allocator_book::ground* place = nullptr;
    for (std::uint32_t i = 0; i < used; ++i) {
        allocator_book::ground& one = book.grounds[i];
        if (one.whose == fresh.whose && one.address + one.bytes == fresh.address && one.bytes > 0) {
            one.bytes += fresh.bytes;
            return;
        }
        if (one.whose == fresh.whose && fresh.address + fresh.bytes == one.address) {
            one = {fresh.address, fresh.bytes + one.bytes, one.whose};
            return;
        }
        if (one.bytes == 0) place = &one;
    }
    if (place == nullptr) {
        if (used == allocator_book::most_grounds) return;
        place = &book.grounds[used];
        book.grounds_used.store(used + 1, std::memory_order_release);
    }
    *place = fresh;
}

}  // namespace

constinit allocator_book allocators_here{};

std::uint32_t note_allocator(std::string_view name) {
    allocator_book& book = allocators_here;
    const std::uint32_t number = book.count.load(std::memory_order_relaxed);
    if (number == allocator_book::most) return 0;
    book.magic = allocator_book::magic_word;
    if (number == 0) book.pid.store(os::process_id(), std::memory_order_relaxed);
    allocator_book::allocator& fresh = book.allocators[number];
    std::memcpy(fresh.name, name.data(), std::min(name.size(), sizeof fresh.name - 1));
    book.count.store(number + 1, std::memory_order_release);
    return number + 1;
}

void note_ground(std::uint32_t allocator, std::uintptr_t address, std::size_t bytes) {
    if (!is_ours()) return;
    const locked_uninterrupted<linux_system> hold(grounds_lock);
    add({address, bytes, allocator});
}

void note_ground_went(std::uintptr_t address, std::size_t bytes) {
    allocator_book& book = allocators_here;
    if (book.grounds_used.load(std::memory_order_relaxed) == 0 || !is_ours()) return;
    const locked_uninterrupted<linux_system> hold(grounds_lock);
    for (std::uint32_t i = 0; i < book.grounds_used.load(std::memory_order_relaxed); ++i) {
        const allocator_book::ground behind = cut(book.grounds[i], address, address + bytes);
        if (behind.bytes > 0) add(behind);
    }
}

void note_allocators_live(std::uint32_t allocator, std::int64_t change, std::uintptr_t thread) {
    if (allocator - 1 >= allocator_book::most) return;
    // Threads' stacks and their words lie MiBs apart, at like places.
    const std::uintptr_t share = (thread >> 12 ^ thread >> 21) % allocator_book::shards;
    allocators_here.allocators[allocator - 1].shares[share].live.fetch_add(
        change, std::memory_order_relaxed);
}

}  // namespace fil
