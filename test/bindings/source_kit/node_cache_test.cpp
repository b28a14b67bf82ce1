// The cache in front of the call tree.

#include "node_cache.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

#include "ordinary_pages.hpp"

using fil::test::ordinary_pages;
template <std::uint32_t FirstSets, std::uint32_t MostSets = 64 * FirstSets,
          typename Pages = ordinary_pages>
using node_cache = fil::source_kit::node_cache<FirstSets, MostSets, Pages>;

TEST(node_cache, zeroed_memory_knows_nothing) {
    auto cache = std::make_unique<node_cache<4>>();
    cache->forget();
    EXPECT_EQ(cache->find(1, 0), FIL_CALLSTACK_NONE);
    EXPECT_EQ(cache->find(FIL_CALLSTACK_NONE, 0), FIL_CALLSTACK_NONE);
}

TEST(node_cache, never_answers_for_another_caller_or_key) {
    auto cache = std::make_unique<node_cache<4>>();
    cache->forget();
    std::mt19937_64 random(1);
    std::map<std::pair<fil_callstack, std::uint64_t>, fil_callstack> truth;
    unsigned known = 0;
    for (fil_callstack id = 2; id < 20000; ++id) {
        const auto caller = static_cast<fil_callstack>(1 + random() % 8);
        const std::uint64_t key = 0x7f0000000000 + random() % 64 * 2;
        const fil_callstack found = cache->find(caller, key);
        if (found != FIL_CALLSTACK_NONE) {
            ++known;
            EXPECT_EQ(found, (truth[{caller, key}]));
        } else {
            truth[{caller, key}] = id;
            cache->insert(caller, key, id);
        }
    }
    EXPECT_GT(known, 100u);
}

TEST(node_cache, remembers_three_that_share_a_set) {
    auto cache = std::make_unique<node_cache<1>>();
    cache->forget();
    for (std::uint64_t key = 1; key <= 3; ++key)
        cache->insert(1, key, static_cast<fil_callstack>(key + 9));
    for (std::uint64_t key = 1; key <= 3; ++key) EXPECT_EQ(cache->find(1, key), key + 9);
    cache->insert(1, 4, 13);
    EXPECT_EQ(cache->find(1, 4), 13u);
    EXPECT_EQ(cache->find(1, 1), FIL_CALLSTACK_NONE);
}

TEST(node_cache, forgets_all_at_once) {
    auto cache = std::make_unique<node_cache<4>>();
    cache->forget();
    cache->insert(1, 2, 3);
    cache->forget();
    EXPECT_EQ(cache->find(1, 2), FIL_CALLSTACK_NONE);
    cache->insert(1, 4, 5);
    EXPECT_EQ(cache->find(1, 2), FIL_CALLSTACK_NONE);
    EXPECT_EQ(cache->find(1, 4), 5u);
}

TEST(node_cache, grows_for_a_program_that_keeps_coming_back) {
    auto cache = std::make_unique<node_cache<4, 1024>>();
    cache->forget();
    unsigned asked_again = 0;
    for (int turn = 0; turn < 60; ++turn) {
        asked_again = 0;
        for (fil_callstack id = 2; id < 1002; ++id) {
            if (cache->find(1, id * 16) == id) continue;
            ++asked_again;
            cache->insert(1, id * 16, id);
        }
    }
    EXPECT_LT(asked_again, 50u);
    EXPECT_EQ(cache->sets(), 1024u);
    cache->forget();
    EXPECT_EQ(cache->find(1, 32), FIL_CALLSTACK_NONE);
}

TEST(node_cache, stays_small_where_each_callstack_is_new) {
    auto cache = std::make_unique<node_cache<4, 1024>>();
    cache->forget();
    for (fil_callstack id = 2; id < 100000; ++id) cache->insert(1, id * 16, id);
    EXPECT_EQ(cache->sets(), 4u);
}

TEST(node_cache, works_on_where_it_cannot_grow) {
    struct no_pages {
        static void* map(std::size_t) { return nullptr; }
        static void unmap(void*, std::size_t) {}
    };
    auto cache = std::make_unique<node_cache<4, 1024, no_pages>>();
    cache->forget();
    for (int turn = 0; turn < 60; ++turn) {
        for (fil_callstack id = 2; id < 1002; ++id) cache->insert(1, id * 16, id);
    }
    EXPECT_EQ(cache->find(1, 1001 * 16), 1001u);
    EXPECT_EQ(cache->sets(), 4u);
}
