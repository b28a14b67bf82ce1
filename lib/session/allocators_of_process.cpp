#include "session/allocators_of_process.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "os/cold/memory_of_others.hpp"
#include "process/allocator_book.hpp"

namespace fil {
namespace {

std::uint64_t address_of_book(const recording_view& recording) {
    std::uint64_t address = 0;
    for (const fact_record& fact : recording.facts()) {
        if (recording.text(fact.key) != "allocators") continue;
        const std::string_view digits = recording.text(fact.value);
        std::from_chars(digits.data(), digits.data() + digits.size(), address, 16);
    }
    return address;
}

}  // namespace

std::vector<inside_allocator> allocators_of_process(const recording_view& recording,
                                                    std::int32_t pid) {
    const std::uint64_t address = address_of_book(recording);
    if (address == 0) return {};
    const auto copy = std::make_unique<allocator_book>();
    if (!os::read_memory_of(pid, address, copy.get(), sizeof *copy)) return {};
    if (copy->magic != allocator_book::magic_word || copy->pid.load() != pid) return {};
    std::vector<inside_allocator> all(std::min(copy->count.load(), allocator_book::most));
    for (std::size_t i = 0; i < all.size(); ++i) {
        const allocator_book::allocator& one = copy->allocators[i];
        all[i].name.assign(one.name, strnlen(one.name, sizeof one.name));
        for (const allocator_book::shard& share : one.shares) all[i].live += share.live.load();
    }
    const std::uint32_t used = std::min(copy->grounds_used.load(), allocator_book::most_grounds);
    for (std::uint32_t i = 0; i < used; ++i) {
        const allocator_book::ground& ground = copy->grounds[i];
        if (ground.bytes > 0 && ground.whose - 1 < all.size())
            all[ground.whose - 1].grounds.push_back({ground.address, ground.bytes});
    }
    return all;
}

}  // namespace fil
