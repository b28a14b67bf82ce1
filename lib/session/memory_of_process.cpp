#include "session/memory_of_process.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "os/cold/memory_of_others.hpp"
#include "os/linux_system.hpp"
#include "process/allocator_book.hpp"
#include "session/registry_reader.hpp"

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

void read_grounds(memory_of_process& all, const allocator_book& book) {
    const std::uint32_t used = std::min(book.grounds_used.load(), allocator_book::most_grounds);
    for (std::uint32_t i = 0; i < used; ++i) {
        const allocator_book::ground& one = book.grounds[i];
        if (one.bytes == 0 || one.whose - 1 >= allocator_book::most) continue;
        if (one.whose == allocator_book::of_malloc) {
            all.heaps.push_back({one.address, one.bytes});
            continue;
        }
        const allocator_book::allocator& its = book.allocators[one.whose - 1];
        auto& grounds = its.is_untold != 0 ? all.untold_grounds : all.grounds;
        grounds.push_back(
            {{one.address, one.bytes}, std::string(its.name, strnlen(its.name, sizeof its.name))});
    }
}

// In order of address, each once.
void tidy_up(std::vector<memory_of_process::range>& pages) {
    std::ranges::stable_sort(pages, {}, &memory_of_process::range::address);
    std::size_t kept = 0;
    for (const memory_of_process::range& one : pages) {
        if (kept > 0 && pages[kept - 1].address == one.address)
            pages[kept - 1].bytes += one.bytes;
        else
            pages[kept++] = one;
    }
    pages.resize(kept);
}

void read_blocks(memory_of_process& all, std::uint64_t registry, os::memory_of_another& memory,
                 std::int32_t pid) {
    constexpr std::uint64_t page = memory_of_process::page;
    sparse_blocks_reader sparse(pid);
    for (const memory_of_process::ground& one : all.grounds) {
        if (one.allocator.empty())
            sparse.add_arenas(one.address, one.bytes);
        else
            sparse.leave_out(one.address, one.bytes);
    }
    for (const read_mapping& one : all.mappings) sparse.leave_out(one.start, one.bytes);
    registry_reader<process_registry>::each_block(
        registry, memory, [&](std::uint64_t address, std::uint64_t bytes, callstack_id callstack) {
            sparse.add(address, bytes, callstack);
            if (bytes >= memory_of_process::large_block) {
                all.blocks.push_back({address, bytes});
            } else if (!all.small_blocks.empty() &&
                       all.small_blocks.back().address == address / page * page) {
                all.small_blocks.back().bytes += bytes;
            } else if (bytes > 0) {
                all.small_blocks.push_back({address / page * page, bytes});
            }
        });
    std::ranges::stable_sort(all.blocks, {}, &memory_of_process::range::address);
    tidy_up(all.small_blocks);
    all.sparse = sparse.found();
}

}  // namespace

std::optional<memory_of_process> read_memory_of_process(const recording_view& recording,
                                                        std::int32_t pid) {
    const std::uint64_t address = address_of_book(recording);
    if (address == 0) return std::nullopt;
    os::memory_of_another memory(pid);
    const auto book = std::make_unique<allocator_book>();
    if (!memory.read(address, book.get(), sizeof *book)) return std::nullopt;
    if (book->magic != allocator_book::magic_word || book->pid.load() != pid) return std::nullopt;
    memory_of_process all;
    read_grounds(all, *book);
    all.mappings = read_mappings(book->mappings, [&](std::uint64_t from, void* to, std::size_t n) {
        return memory.read(from, to, n);
    });
    read_blocks(all, book->registry, memory, pid);
    return all;
}

}  // namespace fil
