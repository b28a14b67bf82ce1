#include "sample/untouched.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "fake_session.hpp"

#include "os/small_file.hpp"

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

descriptor pagemap_of(pid_t pid) {
    return open_small_file(file_of_process(pid, "pagemap"));
}

TEST(untouched, pages_in_memory_and_in_swap_count) {
    const std::uint64_t present = 1ULL << 63, swapped = 1ULL << 62, soft_dirty = 1ULL << 55;
    const std::uint64_t words[] = {present | 5, 0, swapped | 7, soft_dirty, present};
    EXPECT_EQ(count_pages(words, pages_with::memory_or_swap), 3u);
    EXPECT_EQ(count_pages(words, pages_with::memory), 2u);
}

TEST(untouched, counts_the_bytes_of_a_range) {
    const mapping some(64 * mebibyte, 3 * mebibyte);
    EXPECT_EQ(
        count_bytes(pagemap_of(::getpid()), {some.address(), 64 * mebibyte}, pages_with::memory),
        3 * mebibyte);
    EXPECT_EQ(
        count_bytes(pagemap_of(999999999), {some.address(), 64 * mebibyte}, pages_with::memory),
        std::nullopt);
}

TEST(untouched, estimates_huge_ranges) {
    const mapping huge(64ULL << 30, 32 * mebibyte);
    const auto touched =
        count_bytes(pagemap_of(::getpid()), {huge.address(), 64ULL << 30}, pages_with::memory);
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
    session.mappings = {{{huge.address(), 64ULL << 30, 7, FIL_MAPPING_ARENA},
                         {full.address(), 64 * mebibyte, 8, FIL_MAPPING_ARENA}}};
    const auto found = hardly_touched_mappings(session.handle(), ::getpid());
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 2u);
    EXPECT_EQ((*found)[0].kind, FIL_MAPPING_ARENA);
    EXPECT_EQ((*found)[0].resident, 20 * mebibyte);
    EXPECT_EQ((*found)[1].resident, 64 * mebibyte);
    EXPECT_FALSE(hardly_touched_mappings(session.handle(), 999999999));
}

std::vector<std::uint64_t> resident_with(const counter_of_pages& present) {
    std::istringstream smaps(
        "1000-5000 rw-p 0 00:00 0\nSize: 16 kB\nRss: 12 kB\n"
        "6000-7000 rw-p 0 00:00 0 [heap]\nRss: 4 kB\n");
    const address_range ranges[] = {
        {0x4000, 0x1000}, {0x2000, 0x3000}, {0x5000, 0x8000}, {0x9000, 0x1000}};
    return resident_in(smaps, ranges, present);
}

TEST(untouched, a_mapping_that_reaches_beyond_a_range_is_counted_in_the_smaller_part) {
    std::vector<std::uint64_t> asked;
    const auto all_there = [&](address_range range) {
        asked.insert(asked.end(), {range.address, range.bytes});
        return std::optional(range.bytes);
    };
    EXPECT_EQ(resident_with(all_there), (std::vector<std::uint64_t>{4096, 8192, 4096, 0}));
    EXPECT_EQ(asked, (std::vector<std::uint64_t>{0x4000, 0x1000, 0x1000, 0x1000}));
}

TEST(untouched, a_mapping_that_reaches_beyond_a_range_counts_in_proportion_where_pages_are_secret) {
    const auto none = [](address_range) { return std::optional<std::uint64_t>(); };
    EXPECT_EQ(resident_with(none), (std::vector<std::uint64_t>{3072, 9216, 4096, 0}));
}

TEST(untouched, mappings_that_joined_while_they_are_read_count_once) {
    std::istringstream smaps(
        "1000-3000 rw-p 0 00:00 0\nRss: 8 kB\n1000-5000 rw-p 0 00:00 0\nRss: 16 kB\n"
        "5000-6000 rw-p 0 00:00 0\nRss: 4 kB\n");
    const address_range all[] = {{0x1000, 0x8000}};
    const auto present = [](address_range range) { return std::optional(range.bytes); };
    EXPECT_EQ(resident_in(smaps, all, present), std::vector<std::uint64_t>{5 * 4096});
}

TEST(untouched, a_list_that_changes_while_it_is_measured_is_measured_again) {
    const mapping before(64 * mebibyte, 8 * mebibyte), after(64 * mebibyte, 20 * mebibyte);
    test::fake_session session;
    int asked = 0;
    session.before_mappings = [&] {
        const mapping& now = asked++ == 0 ? before : after;
        session.mappings = {{{now.address(), 64 * mebibyte, 7, FIL_MAPPING_ARENA}}};
    };
    const auto found = hardly_touched_mappings(session.handle(), ::getpid());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->front().resident, 20 * mebibyte);
    session.before_mappings = [&] { session.mappings.reset(); };
    EXPECT_FALSE(hardly_touched_mappings(session.handle(), ::getpid()));
}

TEST(untouched, mappings_are_told_apart_and_summed_by_callstack) {
    const mapping hardly(128 * mebibyte, mebibyte), also(64 * mebibyte, mebibyte),
        well(64 * mebibyte, 32 * mebibyte);
    test::fake_session session;
    session.mappings = {{{hardly.address(), 128 * mebibyte, 7, FIL_MAPPING_ANONYMOUS},
                         {well.address(), 64 * mebibyte, 8, FIL_MAPPING_ANONYMOUS},
                         {also.address(), 64 * mebibyte, 7, FIL_MAPPING_ANONYMOUS}}};
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
