// What stands in it is read by memory_of_process_test.cpp; here, of memory that cannot be read.

#include "session/registry_reader.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "os/linux_system.hpp"

namespace fil {
namespace {

constexpr auto nobody = [](auto&&...) {};
constexpr std::size_t page = 4096;

// Out of this process, page by page; of which some may be gone.
struct memory {
    bool read(std::uint64_t address, void* to, std::size_t bytes) {
        if (reads_left-- <= 0) return false;
        std::memcpy(to, reinterpret_cast<const void*>(address), bytes);
        return true;
    }
    template <typename Visit>
    void parts(std::uint64_t address, std::size_t bytes, Visit&& visit) {
        for (std::size_t at = 0; at < bytes; at += page)
            visit(at, reinterpret_cast<const void*>(address + at), page);
    }
    int reads_left = 1000;
};

struct registry_read : testing::Test {
    std::map<std::uint64_t, std::uint64_t> found(memory from) const {
        std::map<std::uint64_t, std::uint64_t> all;
        registry_reader<process_registry>::each_block(
            reinterpret_cast<std::uintptr_t>(blocks.get()), from,
            [&](std::uint64_t address, std::uint64_t bytes, callstack_id callstack) {
                EXPECT_EQ(callstack, callstack_id{7});
                all[address] = bytes;
            });
        return all;
    }
    void add(std::uintptr_t address, std::uint64_t bytes) {
        EXPECT_TRUE(blocks->insert(address, callstack_id{7}, bytes, false, nobody));
    }

    std::unique_ptr<process_registry> blocks = std::make_unique<process_registry>();
};

TEST_F(registry_read, one_without_blocks_has_none) {
    EXPECT_TRUE(found({}).empty());
}

TEST_F(registry_read, blocks_have_their_sizes_where_those_stand_in_the_next_page) {
    constexpr std::uint64_t giant = 3ull << 40;
    add(0x555500007ff0, 1 << 20);  // a page of slots is for 32 KiB
    add(0x55550000ffd0, giant);
    add(0x555500001010, 8);
    add(0x7fff12340008, 24);
    const std::map<std::uint64_t, std::uint64_t> expected{{0x555500001010, 8},
                                                          {0x555500007ff0, 1 << 20},
                                                          {0x55550000ffd0, giant},
                                                          {0x7fff12340008, 24}};
    EXPECT_EQ(found({}), expected);
}

TEST_F(registry_read, the_blocks_of_one_window_come_in_order) {
    std::vector<std::uint64_t> added, order;
    for (std::uint64_t at = 0x555500001000; at < 0x555500001100; at += 16) {
        add(at, 16);
        added.push_back(at);
    }
    memory from;
    registry_reader<process_registry>::each_block(
        reinterpret_cast<std::uintptr_t>(blocks.get()), from,
        [&](std::uint64_t address, std::uint64_t, callstack_id) { order.push_back(address); });
    EXPECT_EQ(order, added);
}

TEST_F(registry_read, of_what_cannot_be_read_there_is_nothing) {
    add(0x555500001010, 8);
    EXPECT_TRUE(found({0}).empty()) << "the root";
    EXPECT_TRUE(found({1}).empty()) << "what is below it";
    EXPECT_EQ(found({2}).size(), 1u);
}

}  // namespace
}  // namespace fil
