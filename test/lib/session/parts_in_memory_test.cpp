// What of a recording is in memory, and whether that can be so.

#include "session/parts_in_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "fil/recording/memory.hpp"
#include "os/linux_system.hpp"

namespace fil {
namespace {

class parts_in_memory_test : public testing::Test {
  protected:
    static constexpr std::uint64_t bytes = 256 << 20, page = recording_page;
    ~parts_in_memory_test() override { system_pages::unmap(base, bytes); }

    void touch(std::uint64_t at) { static_cast<volatile char*>(base)[at] = 1; }
    recording_view view() const { return {base, bytes}; }

    void* base = system_pages::map(bytes);
};

bool are(const std::vector<bytes_range>& parts, const std::vector<bytes_range>& expected) {
    const auto same = [](const bytes_range& one, const bytes_range& other) {
        return one.start == other.start && one.bytes == other.bytes;
    };
    return std::equal(parts.begin(), parts.end(), expected.begin(), expected.end(), same);
}

TEST_F(parts_in_memory_test, what_was_never_touched_is_not_there) {
    EXPECT_TRUE(parts_in_memory(view(), bytes).empty());
}

TEST_F(parts_in_memory_test, neighbours_are_one_part) {
    for (const std::uint64_t at : {3 * page, 4 * page, 5 * page + 9, 7 * page}) touch(at);
    EXPECT_TRUE(are(parts_in_memory(view(), bytes), {{3 * page, 3 * page}, {7 * page, page}}));
}

TEST_F(parts_in_memory_test, a_part_may_lie_across_what_is_asked_at_once) {
    const std::uint64_t window = 64 << 20;
    touch(window - 1);
    touch(window);
    EXPECT_TRUE(are(parts_in_memory(view(), bytes), {{window - page, 2 * page}}));
}

TEST_F(parts_in_memory_test, no_more_is_told_than_is_asked_for_or_there_is) {
    touch(0);
    touch(9 * page);
    EXPECT_TRUE(are(parts_in_memory(view(), 100), {{0, 100}}));
    EXPECT_TRUE(are(parts_in_memory(view(), ~std::uint64_t{0}), {{0, page}, {9 * page, page}}));
}

TEST_F(parts_in_memory_test, a_recording_is_plausible_until_it_claims_pages_that_are_not_there) {
    recording_memory memory(base, bytes);
    ASSERT_TRUE(memory.format(1, 1));
    EXPECT_TRUE(is_plausible(view()));
    memory.header().pages_used = static_cast<std::uint32_t>(bytes / page);
    EXPECT_FALSE(is_plausible(view()));
}

}  // namespace
}  // namespace fil
