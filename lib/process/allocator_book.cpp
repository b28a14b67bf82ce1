#include "process/allocator_book.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "fil/base/spin_lock.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"

namespace fil {
namespace {

constinit spin_lock grounds_lock;

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

void begin_book(const void* registry, const void* mappings) {
    allocator_book& book = allocators_here;
    new (&grounds_lock) spin_lock;  // another thread of a parent's may have held it
    book.registry = reinterpret_cast<std::uintptr_t>(registry);
    book.mappings = reinterpret_cast<std::uintptr_t>(mappings);
    book.magic = allocator_book::magic_word;
    book.pid.store(os::process_id(), std::memory_order_release);
}

std::uint32_t note_allocator(std::string_view name, bool tells_of_blocks) {
    allocator_book& book = allocators_here;
    name = name.substr(0, sizeof book.allocators[0].name - 1);
    const std::uint64_t is_untold = tells_of_blocks ? 0 : 1;
    const std::uint32_t number =
        std::max(book.count.load(std::memory_order_relaxed), book.of_malloc);
    for (std::uint32_t i = book.of_malloc; i < number; ++i)
        if (name == book.allocators[i].name && book.allocators[i].is_untold == is_untold)
            return i + 1;
    if (number == allocator_book::most) return 0;
    allocator_book::allocator& fresh = book.allocators[number];
    std::memcpy(fresh.name, name.data(), name.size());
    fresh.is_untold = is_untold;
    book.count.store(number + 1, std::memory_order_release);
    return number + 1;
}

void note_ground(std::uint32_t allocator, std::uintptr_t address, std::size_t bytes) {
    const locked_uninterrupted<linux_system> hold(grounds_lock);
    add({address, bytes, allocator});
}

void note_ground_went(std::uintptr_t address, std::size_t bytes) {
    allocator_book& book = allocators_here;
    if (book.grounds_used.load(std::memory_order_relaxed) == 0) return;
    const locked_uninterrupted<linux_system> hold(grounds_lock);
    const std::uint32_t used = book.grounds_used.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < used; ++i) {
        const allocator_book::ground behind = cut(book.grounds[i], address, address + bytes);
        if (behind.bytes > 0) add(behind);
    }
}

}  // namespace fil
