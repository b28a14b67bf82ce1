#include "session/live_blocks.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace fil {
namespace {

TEST(live_blocks, are_those_of_a_map) {
    live_blocks blocks;
    std::map<std::uint64_t, std::uint64_t> model;
    std::mt19937_64 random(1);
    for (std::uint64_t i = 0; i < 200'000; ++i) {
        const std::uint64_t address = (random() % 5000 + 1) * 16;
        const auto known = model.find(address);
        const std::optional<std::uint64_t> before =
            known == model.end() ? std::nullopt : std::optional(known->second);
        if (random() % 2 == 0) {
            ASSERT_EQ(blocks.insert(address, i), before);
            model[address] = i;
        } else {
            ASSERT_EQ(blocks.take(address), before);
            model.erase(address);
        }
        ASSERT_EQ(blocks.count(), model.size());
    }
}

}  // namespace
}  // namespace fil
