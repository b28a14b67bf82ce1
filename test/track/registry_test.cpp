#include "fil/track/registry.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>

#include "os/linux_system.hpp"

namespace fil {
namespace {

const auto nothing = [](std::uintptr_t, const registered_block&) {};

TEST(registry, gives_back_what_was_put_in_for_sizes_of_every_code) {
    auto r = std::make_unique<process_registry>();
    const std::uintptr_t at = 0x7f12'3456'7000;
    for (std::uint64_t bytes :
         {0ull, 1ull, 16ull, 17ull, 512ull, (1ull << 27) - 1, 1ull << 27, (1ull << 40) + 12345}) {
        ASSERT_TRUE(r->insert(at, callstack_id{77}, bytes, false, nothing));
        EXPECT_EQ(r->look(at).bytes, bytes);
        EXPECT_EQ(r->look(at).callstack, callstack_id{77});
        EXPECT_EQ(r->look(at + 16).callstack, callstack_id::none);
        const registered_block block = r->take(at);
        EXPECT_EQ(block.bytes, bytes);
        EXPECT_EQ(block.callstack, callstack_id{77});
        EXPECT_FALSE(block.watched);
        EXPECT_EQ(r->take(at).callstack, callstack_id::none);
    }
}

TEST(registry, finds_the_block_that_an_address_lies_in_if_it_begins_near_enough) {
    auto r = std::make_unique<process_registry>();
    const std::uintptr_t at = 0x7f12'3456'7000;
    ASSERT_TRUE(r->insert(at, callstack_id{77}, 200, false, nothing));
    for (const std::uintptr_t inside : {0, 8, 16, 24, 199})
        EXPECT_EQ(r->look_around(at + inside, 64).callstack, callstack_id{77}) << inside;
    EXPECT_EQ(r->look_around(at + 200, 64).callstack, callstack_id::none);
    EXPECT_EQ(r->look_around(at - 1, 64).callstack, callstack_id::none);
    EXPECT_EQ(r->look_around(at + 8, 1).callstack, callstack_id{77});
    EXPECT_EQ(r->look_around(at + 16, 1).callstack, callstack_id::none);
    EXPECT_EQ(r->look_around(0xffff'8000'0000'0000, 64).callstack, callstack_id::none);
}

TEST(registry, ignores_addresses_that_are_none) {
    auto r = std::make_unique<process_registry>();
    EXPECT_FALSE(r->insert(0xffff'8000'0000'0000, callstack_id{2}, 8, false, nothing));
    EXPECT_FALSE(r->insert(0x10001, callstack_id{2}, 8, false, nothing));
    EXPECT_EQ(r->take(0x10001).callstack, callstack_id::none);
    EXPECT_EQ(r->take(0x7f00'0000'0000).callstack, callstack_id::none);
}

TEST(registry, addresses_have_as_many_bits_as_it_is_told) {
    const std::uintptr_t high = 0x8000'0000'1238, low = high - 0x8000'0000'0000;
    auto narrow = std::make_unique<registry<system_pages, system_pages_wiped_on_fork, 47>>();
    EXPECT_FALSE(narrow->insert(high, callstack_id{2}, 40, false, nothing));
    EXPECT_FALSE(narrow->insert(high + 8, callstack_id{2}, 40, false, nothing));
    auto wide = std::make_unique<registry<system_pages, system_pages_wiped_on_fork, 48>>();
    for (const std::uintptr_t at : {low, low + 8, high, high + 8})
        ASSERT_TRUE(wide->insert(at, callstack_id{std::uint32_t(2 + (at >> 44) + at % 64)}, 8,
                                 false, nothing));
    for (const std::uintptr_t at : {low, low + 8, high, high + 8})
        EXPECT_EQ(wide->take(at).callstack, callstack_id{std::uint32_t(2 + (at >> 44) + at % 64)});
    EXPECT_FALSE(wide->insert(2 * 0x8000'0000'0000, callstack_id{2}, 40, false, nothing));
}

TEST(registry, keeps_addresses_at_8_modulo_16_apart) {
    auto r = std::make_unique<process_registry>();
    ASSERT_TRUE(r->insert(0x10000, callstack_id{2}, 8, false, nothing));
    ASSERT_TRUE(r->insert(0x10008, callstack_id{3}, 8, false, nothing));
    EXPECT_EQ(r->take(0x10000).callstack, callstack_id{2});
    EXPECT_EQ(r->take(0x10008).callstack, callstack_id{3});
}

TEST(registry, a_watched_block_says_so_when_it_goes) {
    auto r = std::make_unique<process_registry>();
    EXPECT_FALSE(r->watch(0x10000));
    ASSERT_TRUE(r->insert(0x10000, callstack_id{2}, 176, false, nothing));
    EXPECT_TRUE(r->watch(0x10000));
    const registered_block block = r->take(0x10000);
    EXPECT_TRUE(block.watched);
    EXPECT_EQ(block.bytes, 176u);
}

TEST(registry, blocks_lie_across_the_end_of_a_leaf) {
    auto r = std::make_unique<process_registry>();
    const std::uintptr_t last = 0x7f00'0100'0000 - 16;  // the last granule of 4 MiB
    ASSERT_TRUE(r->insert(last, callstack_id{2}, 1ull << 30, false, nothing));
    EXPECT_EQ(r->take(last).bytes, 1ull << 30);
}

TEST(registry, agrees_with_a_map_where_frees_get_lost) {
    auto r = std::make_unique<process_registry>();
    std::map<std::uintptr_t, std::pair<std::uint32_t, std::uint64_t>> model;
    std::mt19937 random(7);
    for (int step = 0; step < 200000; ++step) {
        const std::uintptr_t at = 0x7f00'00ff'f000 + (random() % 512) * 16;
        if (random() % 3 == 0) {
            const registered_block block = r->take(at);
            auto known = model.find(at);
            ASSERT_EQ(block.callstack != callstack_id::none, known != model.end());
            if (known == model.end()) continue;
            ASSERT_EQ(block.bytes, known->second.second);
            ASSERT_EQ(to_index(block.callstack), known->second.first);
            model.erase(known);
            continue;
        }
        const std::uint64_t sizes[] = {random() % 17, 17 + random() % 100, 1ull << 28};
        const std::uint64_t bytes = sizes[random() % 3];
        const std::uint32_t who = 2 + random() % 1000;
        std::uint64_t forgotten = 0, expected = 0;
        ASSERT_TRUE(r->insert(
            at, callstack_id{who}, bytes, false,
            [&](std::uintptr_t, const registered_block& old) { forgotten += old.bytes + 1; }));
        // What it covers, and what covers it: a block's own granule and those of its size. In a
        // leaf's last granule, the size has a slot of its own that covers nothing.
        const auto granules = [](std::uintptr_t start, std::uint64_t b) {
            std::set<std::uintptr_t> covered = {start};
            if (b > 16 && start != 0x7f00'0100'0000 - 16) covered.insert(start + 16);
            if (b >= 1ull << 27) covered.insert(start + 32);
            return covered;
        };
        const auto fresh = granules(at, bytes);
        for (auto known = model.begin(); known != model.end();) {
            bool overlaps = false;
            for (std::uintptr_t one : granules(known->first, known->second.second)) {
                overlaps |= fresh.contains(one);
            }
            if (overlaps) expected += known->second.second + 1;
            known = overlaps ? model.erase(known) : std::next(known);
        }
        ASSERT_EQ(forgotten, expected);
        model[at] = {who, bytes};
    }
}

// Plain blocks and any, mixed: what the fast path refuses, it has not touched.
TEST(registry, agrees_with_a_map_whichever_way_a_block_goes) {
    auto r = std::make_unique<process_registry>();
    leaf_cache cache;
    std::map<std::uintptr_t, std::pair<std::uint32_t, std::uint64_t>> model;
    std::mt19937 random(11);
    int plain_inserts = 0, plain_takes = 0, uncached = 0;
    for (int step = 0; step < 200000; ++step) {
        // Two leaves, and blocks at most 256 bytes apart: none reaches another.
        const std::uintptr_t at =
            0x7f00'00ff'f000 + (random() % 2) * 0x1000'0000 + (random() % 64) * 256;
        if (!process_registry::is_cached(cache, at)) {
            ++uncached;
            const bool has_leaf = r->cache_leaf(cache, at);
            ASSERT_TRUE(has_leaf || !model.contains(at));
        }
        const bool is_cached = process_registry::is_cached(cache, at);
        const auto known = model.find(at);
        if (known != model.end()) {
            const bool may_take = random() % 4 != 0;
            const auto ask = [&](callstack_id who, std::uint64_t bytes) {
                EXPECT_EQ(to_index(who), known->second.first);
                EXPECT_EQ(bytes, known->second.second);
                return may_take;
            };
            const bool taken = is_cached && process_registry::take_plain(
                                                process_registry::cached_slot(cache, at), ask);
            plain_takes += taken;
            if (!taken) {
                const registered_block block = r->take(at);
                ASSERT_EQ(to_index(block.callstack), known->second.first);
                ASSERT_EQ(block.bytes, known->second.second);
            }
            ASSERT_EQ(r->take(at).callstack, callstack_id::none);
            model.erase(known);
            continue;
        }
        const std::uint64_t sizes[] = {random() % 17, 17 + random() % 200, 1ull << 28};
        const std::uint64_t bytes = sizes[random() % 3];
        const callstack_id who{2 + static_cast<std::uint32_t>(random() % 1000)};
        const bool inserted =
            is_cached &&
            process_registry::insert_plain(process_registry::cached_slot(cache, at), who, bytes);
        plain_inserts += inserted;
        if (!inserted) {
            ASSERT_TRUE(r->insert(at, who, bytes, false, nothing));
        }
        model[at] = {to_index(who), bytes};
    }
    EXPECT_GT(plain_inserts, 10'000);
    EXPECT_GT(plain_takes, 10'000);
    EXPECT_GT(uncached, 10'000);
}

TEST(registry, takes_every_block_of_a_range) {
    auto r = std::make_unique<process_registry>();
    for (std::uintptr_t at = 0x10000; at < 0x20000; at += 64) {
        ASSERT_TRUE(r->insert(at, callstack_id{2}, 40, false, nothing));
    }
    std::uint64_t bytes = 0;
    r->take_range(0x10000, 0x8000,
                  [&](std::uintptr_t, const registered_block& block) { bytes += block.bytes; });
    EXPECT_EQ(bytes, 0x8000u / 64 * 40);
    EXPECT_EQ(r->take(0x10000).callstack, callstack_id::none);
    EXPECT_EQ(r->take(0x18000).callstack, callstack_id{2});
}

TEST(registry, takes_no_block_beside_a_range_however_it_lies) {
    constexpr std::uintptr_t leaf = 4 << 20;
    constexpr std::uintptr_t begin = 5 * leaf + 24, end = 9 * leaf + 8;
    auto r = std::make_unique<process_registry>();
    std::size_t inside = 0;
    for (const std::uintptr_t at : {begin - 24, begin - 8, begin, begin + 24, 6 * leaf - 8,
                                    6 * leaf, 8 * leaf, end - 16, end, end + 8, end + 2 * leaf}) {
        ASSERT_TRUE(r->insert(at, callstack_id{2}, 8, false, nothing));
        inside += at >= begin && at < end;
    }
    std::size_t taken = 0;
    r->take_range(begin, end - begin, [&](std::uintptr_t at, const registered_block&) {
        EXPECT_TRUE(at >= begin && at < end) << at;
        ++taken;
    });
    EXPECT_EQ(taken, inside);
    EXPECT_EQ(inside, 6u);
}

TEST(registry, without_memory_refuses_and_lives) {
    auto r = std::make_unique<registry<null_pages>>();
    EXPECT_FALSE(r->insert(0x10000, callstack_id{2}, 40, false, nothing));
    EXPECT_EQ(r->take(0x10000).callstack, callstack_id::none);
}

}  // namespace
}  // namespace fil
