#include "fil/capture/pool_blocks.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace fil {
namespace {

constexpr callstack_id maker{10}, other{11};
constexpr std::uintptr_t pool = 0x1000, queue = 0x2000, task = 0x3000, arguments = 0x4000,
                         far = 0x5000, data = 0x6000;

struct pools : testing::Test {
    std::unique_ptr<pool_blocks> blocks = std::make_unique<pool_blocks>();
    std::map<std::uintptr_t, std::vector<std::uintptr_t>> words;
    std::uint64_t bytes = 64;
    bool can_be_read = true;

    void note(std::uintptr_t kept) {
        const auto find = [&](std::uintptr_t word) -> pool_blocks::block {
            const std::uintptr_t begin = word & ~std::uintptr_t{0xFFF};
            if (!words.contains(begin)) return {};
            return {begin, begin == data ? pool_blocks::most_bytes + 1 : bytes, maker};
        };
        const auto read = [&](std::uintptr_t from, std::span<std::uintptr_t> to) -> std::size_t {
            if (!can_be_read) return 0;
            for (std::size_t i = 0; i != to.size(); ++i)
                to[i] = i < words[from].size() ? words[from][i] : 0;
            return to.size();
        };
        blocks->note(std::span(&kept, 1), find, read);
    }
    bool holds(std::uintptr_t begin) const { return blocks->holds(begin, maker); }
};

TEST_F(pools, own_what_their_threads_keep_and_what_is_written_in_it) {
    words = {{pool, {7, queue + 8, data}},
             {queue, {task}},
             {task, {arguments}},
             {arguments, {}},
             {data, {}}};
    EXPECT_FALSE(holds(pool));
    note(pool + 16);
    EXPECT_TRUE(holds(pool));
    EXPECT_TRUE(holds(queue));
    EXPECT_TRUE(holds(task)) << "so deep";
    EXPECT_FALSE(holds(arguments)) << "and no deeper";
    EXPECT_FALSE(holds(data)) << "a long block is data";
    EXPECT_FALSE(blocks->holds(pool, other)) << "another block, at the same place";
}

TEST_F(pools, own_what_grew_since_they_were_seen_last) {
    words = {{pool, {}}, {far, {}}};
    note(pool);
    EXPECT_FALSE(holds(far));
    words[pool] = {far};
    note(pool);
    EXPECT_TRUE(holds(far));
}

TEST_F(pools, lose_a_block_that_is_not_seen_any_more) {
    words = {{pool, {queue}}, {queue, {}}};
    note(pool);
    words[pool] = {};
    for (int i = 0; i != 255; ++i) note(pool);
    EXPECT_TRUE(holds(queue));
    note(pool);
    EXPECT_FALSE(holds(queue));
    EXPECT_TRUE(holds(pool));
}

TEST_F(pools, own_what_is_kept_where_blocks_cannot_be_read) {
    words = {{pool, {queue}}, {queue, {}}};
    can_be_read = false;
    note(pool);
    EXPECT_TRUE(holds(pool));
    EXPECT_FALSE(holds(queue));
}

TEST_F(pools, may_go_around) {
    words = {{pool, {queue, pool}}, {queue, {pool, queue}}};
    note(pool);
    EXPECT_TRUE(holds(pool));
    EXPECT_TRUE(holds(queue));
}

}  // namespace
}  // namespace fil
