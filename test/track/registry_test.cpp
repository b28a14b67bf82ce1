#include "fil/track/registry.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>

#include "os/linux_system.hpp"

namespace fil {
namespace {

constexpr callstack_id most{max_callstacks - 1};
const auto nothing = [](std::uintptr_t, const registered_block&) {};

TEST(registry, gives_back_what_was_put_in_for_sizes_of_every_code) {
    auto r = std::make_unique<process_registry>();
    const std::uintptr_t at = 0x7f12'3456'7000;
    for (std::uint64_t bytes : {0ull, 1ull, 16ull, 17ull, 48ull, 49ull, 512ull, (1ull << 28) - 1,
                                1ull << 28, (1ull << 40) + 12345}) {
        for (const std::uintptr_t half : {0, 16, 8, 24}) {
            const std::uintptr_t begin = at + half;
            ASSERT_TRUE(r->insert(begin, most, bytes, false, nothing));
            EXPECT_EQ(r->look(begin).bytes, bytes);
            EXPECT_EQ(r->look(begin).callstack, most);
            for (const std::uintptr_t beside : {-24, -16, -8, 4, 8, 12, 16, 32, 48, 64})
                EXPECT_EQ(r->look(begin + beside).callstack, callstack_id::none);
            const registered_block block = r->take(begin);
            EXPECT_EQ(block.bytes, bytes);
            EXPECT_EQ(block.callstack, most);
            EXPECT_FALSE(block.watched);
            EXPECT_EQ(r->take(begin).callstack, callstack_id::none);
        }
    }
}

// No two of the C library's start in one window of 32 bytes, others' may.
TEST(registry, tells_the_blocks_of_one_window_apart) {
    auto r = std::make_unique<process_registry>();
    const std::uintptr_t at = 0x7f12'3456'7000;
    for (const std::uint64_t second : {0, 16, 48, 4096}) {
        ASSERT_TRUE(r->insert(at, callstack_id{2}, 16, false, nothing));
        ASSERT_TRUE(r->insert(at + 16, callstack_id{3}, second, false, nothing));
        EXPECT_EQ(r->look(at).callstack, callstack_id{2});
        EXPECT_EQ(r->look(at + 16).bytes, second);
        EXPECT_EQ(r->take(at).callstack, callstack_id{2});
        EXPECT_EQ(r->look(at).callstack, callstack_id::none);
        ASSERT_TRUE(r->insert(at, callstack_id{4}, 0, false, nothing));
        EXPECT_EQ(r->take(at + 16).callstack, callstack_id{3});
        EXPECT_EQ(r->take(at).callstack, callstack_id{4});
    }
}

TEST(registry, of_blocks_that_are_apart_none_is_tiny) {
    auto r = std::make_unique<process_registry>();
    const std::uintptr_t at = 0x7f12'3456'7000;
    ASSERT_TRUE(r->insert(at + 64, callstack_id{2}, 64, false, nothing));  // makes the leaf
    leaf_cache cache;
    ASSERT_TRUE(r->cache_leaf(cache, at));
    const auto slot = process_registry::cached_slot(cache, at);
    EXPECT_FALSE(process_registry::insert_plain(slot, at, callstack_id{3}, 16));
    EXPECT_TRUE(process_registry::insert_plain(slot, at, callstack_id{3}, 16, spacing::apart));
    // Recorded once more, of the same malloc: in its place.
    std::uint64_t forgotten = 0;
    const auto forget = [&](std::uintptr_t, const registered_block& old) {
        forgotten += old.bytes;
    };
    ASSERT_TRUE(r->insert(at, callstack_id{4}, 15, false, forget, spacing::apart));
    EXPECT_EQ(forgotten, 16u);
    ASSERT_TRUE(r->insert(at, callstack_id{4}, 14, false, forget));  // whoever says so
    EXPECT_EQ(forgotten, 31u);
    ASSERT_TRUE(r->insert(at, callstack_id{5}, 13, false, forget, spacing::apart));
    EXPECT_EQ(forgotten, 45u);
    EXPECT_EQ(r->take(at).bytes, 13u);
    EXPECT_EQ(r->look(at).callstack, callstack_id::none);
}

TEST(registry, a_tiny_block_takes_the_place_of_one_whose_free_got_lost) {
    auto r = std::make_unique<process_registry>();
    const std::uintptr_t at = 0x7f12'3456'7000;
    for (const std::uint64_t lost : {7, 40, 4096}) {
        ASSERT_TRUE(r->insert(at, callstack_id{2}, lost, false, nothing));
        std::uint64_t forgotten = 0;
        ASSERT_TRUE(r->insert(at, callstack_id{3}, 12, false,
                              [&](std::uintptr_t place, const registered_block& old) {
                                  EXPECT_EQ(place, at);
                                  forgotten += old.bytes;
                              }));
        EXPECT_EQ(forgotten, lost);
        EXPECT_EQ(r->take(at).callstack, callstack_id{3});
        EXPECT_EQ(r->take(at).callstack, callstack_id::none);
    }
}

TEST(registry, finds_the_block_that_an_address_lies_in_if_it_begins_near_enough) {
    auto r = std::make_unique<process_registry>();
    const std::uintptr_t at = 0x7f12'3456'7000;
    ASSERT_TRUE(r->insert(at, callstack_id{77}, 200, false, nothing));
    for (const std::uintptr_t inside : {0, 8, 16, 24, 199})
        EXPECT_EQ(r->look_around(at + inside, 64).block.callstack, callstack_id{77}) << inside;
    EXPECT_EQ(r->look_around(at + 200, 64).block.callstack, callstack_id::none);
    EXPECT_EQ(r->look_around(at - 1, 64).block.callstack, callstack_id::none);
    EXPECT_EQ(r->look_around(at + 8, 1).block.callstack, callstack_id{77});
    EXPECT_EQ(r->look_around(at + 16, 1).block.callstack, callstack_id::none);
    EXPECT_EQ(r->look_around(at + 100, 64).address, at);
    ASSERT_TRUE(r->insert(at + 256, callstack_id{78}, 16, false, nothing));
    ASSERT_TRUE(r->insert(at + 272, callstack_id{79}, 20, false, nothing));
    EXPECT_EQ(r->look_around(at + 271, 64).block.callstack, callstack_id{78});
    EXPECT_EQ(r->look_around(at + 291, 64).block.callstack, callstack_id{79});
    EXPECT_EQ(r->look_around(at + 292, 64).block.callstack, callstack_id::none);
    EXPECT_EQ(r->look_around(0xffff'8000'0000'0000, 64).block.callstack, callstack_id::none);
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
    const std::uintptr_t last = 0x7f00'0100'0000 - 16;  // in the last window of 8 MiB
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
        const std::uint64_t sizes[] = {random() % 17, 17 + random() % 100, 1ull << 29};
        const std::uint64_t bytes = sizes[random() % 3];
        const std::uint32_t who = 2 + random() % 1000;
        std::uint64_t forgotten = 0, expected = 0;
        ASSERT_TRUE(r->insert(
            at, callstack_id{who}, bytes, false,
            [&](std::uintptr_t, const registered_block& old) { forgotten += old.bytes + 1; }));
        // Whose slots it takes: a block has one for its window, and those of its size. In a leaf's
        // last window, the size has a slot of its own. A tiny one's is apart, but it is no second
        // block at one address.
        const auto slots = [](std::uintptr_t start, std::uint64_t b) {
            const std::uintptr_t window = start / 32;
            std::set<std::uintptr_t> taken = {window};
            if (b <= 16 && start % 32 == 0) return std::set<std::uintptr_t>{~window};
            if (b > 48 && window != 0x7f00'0100'0000 / 32 - 1) taken.insert(window + 1);
            if (b >= 1ull << 28) taken.insert(window + 2);
            return taken;
        };
        const auto fresh = slots(at, bytes);
        for (auto known = model.begin(); known != model.end();) {
            bool overlaps = known->first == at;
            for (std::uintptr_t one : slots(known->first, known->second.second)) {
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
                                                process_registry::cached_slot(cache, at), at, ask);
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
        const std::uint64_t sizes[] = {random() % 17, 17 + random() % 200, 1ull << 29};
        const std::uint64_t bytes = sizes[random() % 3];
        const callstack_id who{2 + static_cast<std::uint32_t>(random() % 1000)};
        const bool inserted =
            is_cached && process_registry::insert_plain(process_registry::cached_slot(cache, at),
                                                        at, who, bytes);
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
    constexpr std::uintptr_t leaf = 8 << 20;
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
