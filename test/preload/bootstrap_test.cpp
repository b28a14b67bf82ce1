#include "bootstrap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

using namespace fil::preload;

namespace {

TEST(bootstrap, blocks_are_aligned_apart_and_zeroed) {
    auto memory = std::make_unique<bootstrap_memory>();
    auto* first = static_cast<char*>(memory->allocate(5));
    auto* second = static_cast<char*>(memory->allocate(40, 64));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 16, 0u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(second) % 64, 0u);
    EXPECT_GE(second, first + 5);
    EXPECT_EQ(std::count(second, second + 40, 0), 40);
    EXPECT_EQ(bootstrap_memory::size(first), 5u);
    EXPECT_EQ(bootstrap_memory::size(second), 40u);
}

TEST(bootstrap, refuses_when_it_is_used_up) {
    auto memory = std::make_unique<bootstrap_memory>();
    EXPECT_NE(memory->allocate(60'000), nullptr);
    EXPECT_EQ(memory->allocate(60'000), nullptr);
    EXPECT_EQ(memory->allocate(~std::size_t{0}), nullptr);
    EXPECT_NE(std::make_unique<bootstrap_memory>()->allocate(1), nullptr);
}

TEST(bootstrap, owns_its_blocks_and_nothing_else) {
    auto memory = std::make_unique<bootstrap_memory>();
    EXPECT_TRUE(memory->owns(memory->allocate(1)));
    int other = 0;
    EXPECT_FALSE(memory->owns(&other));
    EXPECT_FALSE(memory->owns(nullptr));
}

// Blocks that dlsym was given while the real functions were looked up outlive that moment.
TEST(bootstrap, the_hooks_free_and_grow_its_blocks) {
    void* (*volatile grow)(void*, std::size_t) = realloc;
    void (*volatile release)(void*) = free;
    char* block = static_cast<char*>(bootstrap.allocate(6));
    std::strcpy(block, "hello");
    char* grown = static_cast<char*>(grow(block, 100));
    EXPECT_STREQ(grown, "hello");
    EXPECT_FALSE(bootstrap.owns(grown));
    release(grown);
    release(block);
}

}  // namespace
