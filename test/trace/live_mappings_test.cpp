#include "fil/trace/live_mappings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace fil::trace {
namespace {

// What each callstack has, of pages 0 to 31.
struct held {
    live_mappings mappings;
    std::map<callstack_id, std::int64_t> bytes;

    auto gone() {
        return [this](callstack_id callstack, std::uint64_t went) {
            bytes[callstack] -= static_cast<std::int64_t>(went);
        };
    }
    void map(std::uint64_t address, std::uint64_t size, callstack_id callstack) {
        mappings.map(address, size, callstack, gone());
        bytes[callstack] += static_cast<std::int64_t>(size);
    }
    void unmap(std::uint64_t address, std::uint64_t size) { mappings.unmap(address, size, gone()); }
};

TEST(live_mappings, what_goes_is_charged_to_who_made_it) {
    constexpr callstack_id one{1}, other{2};
    held all;
    all.map(0, 64, one);
    all.map(64, 32, other);
    all.unmap(32, 48);  // the end of the first, the beginning of the second
    EXPECT_EQ(all.bytes[one], 32);
    EXPECT_EQ(all.bytes[other], 16);
    all.unmap(0, 1000);
    EXPECT_EQ(all.bytes[one] + all.bytes[other], 0);
    all.unmap(0, 1000);
    EXPECT_EQ(all.bytes[one] + all.bytes[other], 0) << "nobody's";
}

TEST(live_mappings, a_middle_leaves_two_ends_and_is_replaced) {
    constexpr callstack_id one{1}, other{2};
    held all;
    all.map(0, 96, one);
    all.map(32, 32, other);
    EXPECT_EQ(all.bytes[one], 64);
    EXPECT_EQ(all.bytes[other], 32);
    all.unmap(90, 6);
    EXPECT_EQ(all.bytes[one], 58);
}

TEST(live_mappings, as_a_table_of_all_bytes_has_it) {
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        held all;
        std::vector<std::uint32_t> owner(64, 0);
        for (int i = 0; i < 40; ++i) {
            const std::uint64_t low = random() % 64, size = random() % (65 - low);
            const std::uint32_t who = random() % 4;  // 0: it goes
            if (who == 0)
                all.unmap(low, size);
            else
                all.map(low, size, callstack_id{who});
            for (std::uint64_t at = low; at < low + size; ++at) owner[at] = who;
            for (std::uint32_t each = 1; each < 4; ++each)
                ASSERT_EQ(all.bytes[callstack_id{each}],
                          std::count(owner.begin(), owner.end(), each));
        }
    }
}

}  // namespace
}  // namespace fil::trace
