#include "session/memory_of_process.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <memory>

#include "fil/recording/memory.hpp"
#include "fil/track/mappings.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "process/allocator_book.hpp"

namespace fil {
namespace {

constexpr std::uint64_t bytes = 4 << 20;
constexpr auto nobody = [](auto&&...) {};

class memory_of_process_test : public testing::Test {
  protected:
    memory_of_process_test() : base_(system_pages::map(bytes)), memory(base_, bytes) {
        EXPECT_TRUE(memory.format(42, 1));
        begin_book(blocks.get(), mapped.head());
    }
    ~memory_of_process_test() override { system_pages::unmap(base_, bytes); }

    void say_where(std::uintptr_t address) {
        char digits[20];
        std::snprintf(digits, sizeof digits, "%zx", static_cast<std::size_t>(address));
        memory.add_fact<linux_system>("allocators", digits);
    }
    void say_where() { say_where(reinterpret_cast<std::uintptr_t>(&allocators_here)); }
    void add_block(std::uintptr_t address, std::uint64_t size) {
        EXPECT_TRUE(blocks->insert(address, callstack_id{7}, size, false, nobody));
    }
    auto read() const { return read_memory_of_process({base_, bytes}, os::process_id()); }

  private:
    void* base_;

  protected:
    recording_memory memory;
    std::unique_ptr<process_registry> blocks = std::make_unique<process_registry>();
    mappings<linux_system> mapped;
};

using ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
ranges pairs(const std::vector<memory_of_process::range>& all) {
    ranges result;
    for (const auto& one : all) result.emplace_back(one.address, one.bytes);
    return result;
}

TEST_F(memory_of_process_test, its_blocks_are_read_out_of_it) {
    constexpr std::uint64_t giant = 3ull << 30;
    add_block(0x555500001010, 100);
    add_block(0x555500001100, 16);
    add_block(0x5555000014a8, 50);  // at 8 modulo 16
    add_block(0x555500003ff0, 30);  // its size stands in the next page of slots
    add_block(0x555500007ff0, 30);
    add_block(0x7fff00000010, giant);
    add_block(0x7ffe00000010, 64 << 10);
    add_block(0x555500002010, 999);
    blocks->take(0x555500002010);
    say_where();
    const auto found = read();
    ASSERT_TRUE(found);
    EXPECT_EQ(pairs(found->small_blocks),
              (ranges{{0x555500001000, 166}, {0x555500003000, 30}, {0x555500007000, 30}}));
    EXPECT_EQ(pairs(found->blocks), (ranges{{0x7ffe00000010, 64 << 10}, {0x7fff00000010, giant}}));
}

TEST_F(memory_of_process_test, its_mappings_are_read_out_of_it) {
    std::map<std::uint64_t, std::uint64_t> expected, seen;
    for (std::uint64_t i = 1; i <= 100; ++i) {
        const std::uint64_t start = (i * 37 % 101) << 20;
        mapped.insert(start, i << 12, mapping_kind::anonymous, callstack_id{1}, nobody);
        expected[start] = i << 12;
    }
    mapped.insert(0x7000000, 4096, mapping_kind::arena, callstack_id{1}, nobody);
    say_where();
    const auto found = read();
    ASSERT_TRUE(found);
    for (const read_mapping& one : found->mappings)
        if (one.kind == mapping_kind::anonymous) seen[one.start] = one.bytes;
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(found->mappings.size(), 101u);
}

TEST_F(memory_of_process_test, its_ground_is_read_out_of_it) {
    EXPECT_FALSE(read()) << "nobody said where";
    const std::uint32_t one = note_allocator("libx.so", true),
                        untold = note_allocator("liby.so", false);
    note_ground(one, 0x100000, 0x2000);
    note_ground(allocator_book::of_runtime, 0x200000, 0x1000);
    note_ground(untold, 0x300000, 0x3000);
    note_ground(allocator_book::of_malloc, 0x400000, 0x4000);
    say_where();
    const auto found = read();
    ASSERT_TRUE(found);
    ASSERT_EQ(found->grounds.size(), 2u);
    EXPECT_EQ(found->grounds[0].allocator, "libx.so");
    EXPECT_EQ(found->grounds[0].bytes, 0x2000u);
    EXPECT_EQ(found->grounds[1].allocator, "");
    ASSERT_EQ(found->untold_grounds.size(), 1u);
    EXPECT_EQ(found->untold_grounds[0].allocator, "liby.so");
    EXPECT_EQ(found->untold_grounds[0].address, 0x300000u);
    ASSERT_EQ(found->heaps.size(), 1u);
    EXPECT_EQ(found->heaps[0].address, 0x400000u);
    EXPECT_EQ(found->heaps[0].bytes, 0x4000u);
}

TEST_F(memory_of_process_test, of_who_is_not_there_nothing_is_known) {
    say_where();
    EXPECT_FALSE(read_memory_of_process({memory.base(), bytes}, 1 << 30));
    static const char nothing[sizeof(allocator_book)] = {};
    say_where(reinterpret_cast<std::uintptr_t>(nothing));
    EXPECT_FALSE(read()) << "something else stands there";
}

}  // namespace
}  // namespace fil
