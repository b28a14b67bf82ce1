// The list of large mappings, as the recorder keeps it, and what is noted of arenas.

#include "fil/track/large_mappings.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "recorder_fixture.hpp"

namespace fil {
namespace {

struct listed_mappings {
    fixture<> f;
    static constexpr std::uintptr_t start = 1ULL << 40;
    static constexpr std::uint64_t mebibyte = 1 << 20;
    using ranges = std::vector<std::pair<std::uintptr_t, std::uint64_t>>;

    listed_mappings() { scripted_source::next = f.stack(1); }
    ranges now() const {
        ranges found;
        EXPECT_TRUE(visit_large_mappings(f.view(), [&](const large_mapping& one) {
            found.emplace_back((one.address - start) / mebibyte, one.bytes / mebibyte);
        }));
        return found;
    }
    void map(std::uint64_t at, std::uint64_t size, mapping_kind kind) {
        f.events->record_map(*f.thread, start + at * mebibyte, size * mebibyte, kind);
    }
    void unmap(std::uint64_t at, std::uint64_t size) {
        f.events->mapped().discard(
            f.events->mapped().forget(*f.thread, start + at * mebibyte, size * mebibyte));
    }
    void protect(std::uint64_t at, std::uint64_t size, mapping_access access) {
        f.events->mapped().protect(*f.thread, start + at * mebibyte, size * mebibyte, access);
    }
};

TEST(large_mappings, large_mappings_are_listed_as_they_are_after_each_change) {
    listed_mappings l;
    using ranges = listed_mappings::ranges;
    l.map(0, 100, mapping_kind::arena);
    l.map(200, 70, mapping_kind::anonymous);
    EXPECT_EQ(l.now(), (ranges{{0, 100}, {200, 70}}));
    l.map(50, 1, mapping_kind::anonymous);
    l.unmap(200, 2);
    EXPECT_EQ(l.now(), (ranges{{0, 50}, {51, 49}, {202, 68}}));
    l.map(10, 5, mapping_kind::anonymous);
    l.unmap(0, 5);
    EXPECT_EQ(l.now(), (ranges{{5, 5}, {15, 35}, {51, 49}, {202, 68}}));
}

TEST(large_mappings, an_arena_cut_by_mprotect_stays_one_in_the_list) {
    listed_mappings l;
    using ranges = listed_mappings::ranges;
    l.map(0, 4096, mapping_kind::arena);
    const auto version = [&] { return l.f.view().header().large_mappings_version.load(); };
    const std::uint32_t before = version();
    for (std::uint64_t at = 0; at < 4096; at += 2) l.protect(at, 1, mapping_access::none);
    for (std::uint64_t at = 0; at < 1024; at += 2) l.protect(at, 1, mapping_access::accessible);
    EXPECT_EQ(l.now(), (ranges{{0, 4096}}));
    EXPECT_EQ(version(), before);
    l.unmap(2000, 1);  // hidden, but the arena's
    l.unmap(0, 1000);
    l.map(8000, 64, mapping_kind::reserved);
    l.protect(8000, 64, mapping_access::arena);
    // Where there are many, not at each change.
    for (int i = 0; i < 100; ++i) l.map(8000, 64, mapping_kind::arena);
    EXPECT_EQ(l.now(), (ranges{{1000, 1000}, {2001, 2095}, {8000, 64}}));
}

TEST(large_mappings, of_more_large_mappings_than_there_is_room_for_the_largest_are_listed) {
    listed_mappings l;
    l.map(0, 100000, mapping_kind::arena);
    EXPECT_EQ(l.f.view().header().large_mappings_left_out, 0);
    for (std::uint64_t at = 0; at < 8000; at += 4) l.map(at, 1, mapping_kind::file);
    l.map(20000, 100, mapping_kind::file);
    for (int i = 0; i < 100; ++i) l.map(10000, 1, mapping_kind::file);
    const auto found = l.now();
    ASSERT_LE(found.size(), max_large_mappings);
    EXPECT_EQ(l.f.view().header().large_mappings_left_out, 1);
    EXPECT_EQ(found.back(), (std::pair<std::uintptr_t, std::uint64_t>{20100, 79900}));
}

TEST(large_mappings, what_is_resident_of_an_arena_is_noted_before_it_goes) {
    fixture<> f;
    constexpr std::size_t bytes = 64 << 20, touched = 3 << 20;
    const auto map = [&] {
        void* place = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        madvise(place, bytes, MADV_NOHUGEPAGE);
        return static_cast<char*>(place);
    };
    char* one = map();
    char* other = map();
    const auto address = [](char* place) { return reinterpret_cast<std::uintptr_t>(place); };
    const callstack_id who = scripted_source::next = f.stack(1);
    f.events->record_map(*f.thread, address(one), bytes, mapping_kind::arena);
    f.events->record_map(*f.thread, address(other), bytes, mapping_kind::reserved);
    f.events->mapped().protect(*f.thread, address(other), bytes, mapping_access::arena);
    EXPECT_EQ(f.session.live + f.view().pending(), 0);
    std::fill_n(one, touched, 1);
    std::fill_n(other, touched, 1);
    f.alloc(0x10000, 100000, f.stack(2));
    const arena_record& noted = f.view().header().arenas[0];
    f.events->mapped().discard(f.events->mapped().forget(*f.thread, address(one), bytes));
    EXPECT_EQ(noted.callstack, who);
    EXPECT_EQ(noted.resident, 2 * touched);
    // Less than before, and then far from the peak.
    munmap(one, bytes);
    f.close();
    EXPECT_EQ(noted.resident, 2 * touched);
    f.free(0x10000);
    std::fill_n(other, 3 * touched, 1);
    f.events->mapped().note_arenas();
    EXPECT_EQ(noted.resident, 2 * touched);
    munmap(other, bytes);
}

}  // namespace
}  // namespace fil
