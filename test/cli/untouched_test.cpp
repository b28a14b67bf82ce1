#include "untouched.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "fake_session.hpp"

namespace fil::cli {
namespace {

// Behind it stands a page that may not be read: the kernel makes one range of mappings that touch.
class mapping {
  public:
    mapping(std::uint64_t bytes, std::uint64_t touched) : bytes_(bytes) {
        place_ = static_cast<char*>(::mmap(nullptr, bytes + page, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        ::mprotect(place_ + bytes, page, PROT_NONE);
        ::madvise(place_, bytes, MADV_NOHUGEPAGE);
        std::memset(place_, 1, touched);
    }
    ~mapping() { ::munmap(place_, bytes_ + page); }
    std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(place_); }

  private:
    static constexpr std::uint64_t page = 4096;

    char* place_;
    std::uint64_t bytes_;
};

constexpr std::uint64_t mebibyte = 1 << 20;

TEST(untouched, pages_in_memory_and_in_swap_count) {
    const std::uint64_t present = 1ULL << 63, swapped = 1ULL << 62, soft_dirty = 1ULL << 55;
    const std::uint64_t words[] = {present | 5, 0, swapped | 7, soft_dirty, present};
    EXPECT_EQ(count_touched(words), 3u);
}

TEST(untouched, counts_the_bytes_of_a_range) {
    const mapping some(64 * mebibyte, 3 * mebibyte);
    EXPECT_EQ(touched_bytes(::getpid(), some.address(), 64 * mebibyte), 3 * mebibyte);
    EXPECT_EQ(touched_bytes(999999999, some.address(), 64 * mebibyte), std::nullopt);
}

TEST(untouched, estimates_huge_ranges) {
    const mapping huge(64ULL << 30, 32 * mebibyte);
    const auto touched = touched_bytes(::getpid(), huge.address(), 64ULL << 30);
    ASSERT_TRUE(touched);
    EXPECT_TRUE(is_hardly_touched(64ULL << 30, *touched));
}

TEST(untouched, less_than_a_tenth_is_hardly) {
    EXPECT_TRUE(is_hardly_touched(1000, 99));
    EXPECT_FALSE(is_hardly_touched(1000, 100));
}

TEST(untouched, what_is_resident_of_arenas_is_told_however_much_it_is) {
    const mapping huge(64ULL << 30, 20 * mebibyte), full(64 * mebibyte, 64 * mebibyte);
    test::fake_session session;
    session.mappings = {{huge.address(), 64ULL << 30, 7, FIL_MAPPING_ARENA},
                        {full.address(), 64 * mebibyte, 8, FIL_MAPPING_ARENA}};
    const auto found = hardly_touched_mappings(session.handle(), ::getpid());
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 2u);
    EXPECT_EQ((*found)[0].kind, FIL_MAPPING_ARENA);
    EXPECT_EQ((*found)[0].resident, 20 * mebibyte);
    EXPECT_EQ((*found)[1].resident, 64 * mebibyte);
    EXPECT_FALSE(hardly_touched_mappings(session.handle(), 999999999));
}

TEST(untouched, a_mapping_that_reaches_beyond_a_range_counts_in_proportion) {
    std::istringstream smaps(
        "1000-3000 rw-p 0 00:00 0\nSize: 8 kB\nRss: 8 kB\n"
        "5000-6000 rw-p 0 00:00 0 [heap]\nRss: 4 kB\n");
    const address_range ranges[] = {{0x2000, 0x1000}, {0x4000, 0x8000}, {0x7000, 0x1000}};
    EXPECT_EQ(resident_in(smaps, ranges), (std::vector<std::uint64_t>{4096, 4096, 0}));
}

TEST(untouched, mappings_are_told_apart_and_summed_by_callstack) {
    const mapping hardly(128 * mebibyte, mebibyte), also(64 * mebibyte, mebibyte),
        well(64 * mebibyte, 32 * mebibyte);
    test::fake_session session;
    session.mappings = {{hardly.address(), 128 * mebibyte, 7},
                        {well.address(), 64 * mebibyte, 8},
                        {also.address(), 64 * mebibyte, 7}};
    const auto found = hardly_touched_mappings(session.handle(), ::getpid());
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ(found->front().callstack, 7u);
    EXPECT_EQ(found->front().bytes, 192 * mebibyte);
    EXPECT_EQ(found->front().resident, 2 * mebibyte);
    EXPECT_FALSE(hardly_touched_mappings(session.handle(), 999999999));
}

}  // namespace
}  // namespace fil::cli
