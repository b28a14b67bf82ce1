// Of trees that are damaged, or change; whole ones are read by memory_of_process_test.cpp.

#include "session/mapping_reader.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "fil/track/mappings.hpp"
#include "os/linux_system.hpp"

namespace fil {
namespace {

constexpr auto nobody = [](auto&&...) {};

struct mappings_read : testing::Test {
    mappings_read() {
        for (std::uint64_t i = 1; i <= 7; ++i)
            mapped.insert(i << 20, 4096 * i, mapping_kind::anonymous, callstack_id{1}, nobody);
    }
    std::uint64_t head() const { return reinterpret_cast<std::uintptr_t>(mapped.head()); }
    // Out of this process, as often as it is allowed.
    auto read_at_most(int times) {
        return [times](std::uint64_t address, void* to, std::size_t bytes) mutable {
            if (times-- <= 0) return false;
            std::memcpy(to, reinterpret_cast<const void*>(address), bytes);
            return true;
        };
    }

    mappings<linux_system> mapped;
};

TEST_F(mappings_read, each_is_one_with_what_is_known_of_it) {
    const auto all = read_mappings(head(), read_at_most(1000));
    ASSERT_EQ(all.size(), 7u);
    for (const read_mapping& one : all) {
        EXPECT_EQ(one.bytes, 4096 * (one.start >> 20));
        EXPECT_EQ(one.kind, mapping_kind::anonymous);
    }
}

TEST_F(mappings_read, what_cannot_be_read_is_left_out) {
    EXPECT_TRUE(read_mappings(0, read_at_most(1000)).empty());
    EXPECT_TRUE(read_mappings(head(), read_at_most(0)).empty());
    EXPECT_EQ(read_mappings(head(), read_at_most(4)).size(), 3u);
    mappings<linux_system> none;
    EXPECT_TRUE(
        read_mappings(reinterpret_cast<std::uintptr_t>(none.head()), read_at_most(1000)).empty());
}

// Each node that is asked for is the same: its own child.
TEST_F(mappings_read, a_tree_that_leads_in_a_circle_has_an_end) {
    std::uint64_t asked = 0;
    const auto circle = [&](std::uint64_t, void* to, std::size_t bytes) {
        ++asked;
        std::memset(to, 0x40, bytes);
        return true;
    };
    EXPECT_EQ(read_mappings(head(), circle).size(), 100'000u);
    EXPECT_LE(asked, 100'001u);
}

}  // namespace
}  // namespace fil
