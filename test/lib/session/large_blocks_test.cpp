#include "session/large_blocks.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fil {
namespace {

constexpr std::uint64_t mib = 1 << 20;

std::optional<std::uint64_t> all_of(std::uint64_t, std::uint64_t bytes) {
    return bytes;
}

TEST(large_blocks, small_ones_are_not_looked_at) {
    large_blocks blocks;
    blocks.came(mib, trace_large - 1, 1);
    blocks.came(2 * mib, trace_large, 2);
    ASSERT_EQ(blocks.all().size(), 1u);
    EXPECT_EQ(blocks.all().begin()->second.number, 2u);
    blocks.went(2 * mib);
    EXPECT_TRUE(blocks.all().empty());
}

TEST(large_blocks, the_most_that_was_ever_seen_stays) {
    large_blocks blocks;
    blocks.came(mib, mib, 1);
    for (const std::uint64_t seen : {10, 3, 7})
        blocks.look([&](std::uint64_t, std::uint64_t) { return std::optional(seen); });
    blocks.look([](std::uint64_t, std::uint64_t) { return std::optional<std::uint64_t>(); });
    EXPECT_EQ(blocks.all().begin()->second.touched, 10u);
    blocks.look([](std::uint64_t, std::uint64_t) { return std::optional(2 * mib); });
    EXPECT_EQ(blocks.all().begin()->second.touched, mib);  // its last page is not all its own
}

TEST(large_blocks, each_has_its_turn_where_there_are_many) {
    large_blocks blocks;
    for (std::uint64_t i = 1; i <= 20; ++i) blocks.came(i << 32, 100 * mib, i);
    for (int i = 0; i < 4; ++i) blocks.look(all_of);
    for (const auto& [address, one] : blocks.all()) EXPECT_TRUE(one.touched) << one.number;
}

TEST(large_blocks, of_a_mapping_a_part_can_go) {
    large_blocks blocks;
    blocks.came(mib, 4 * mib, large_blocks::mapping);
    blocks.came(8 * mib, mib, 7);  // a block stays, whatever is said of mappings
    blocks.went(2 * mib, mib);
    blocks.went(8 * mib, mib);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> left;
    for (const auto& [address, one] : blocks.all()) left.emplace_back(address, one.bytes);
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> wanted{
        {mib, mib}, {3 * mib, 2 * mib}, {8 * mib, mib}};
    EXPECT_EQ(left, wanted);
}

}  // namespace
}  // namespace fil
