#include "session/sparse_blocks.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include "fil/base/pages.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"

namespace fil {
namespace {

constexpr std::uint64_t page = 4096, mib = 1 << 20;

// Memory of this very process, of which the first half is resident.
struct sparse_blocks_test : testing::Test {
    std::uint64_t bytes = 4 * mib;
    void* there = system_pages::map(bytes);
    std::uint64_t begin = reinterpret_cast<std::uintptr_t>(there);
    sparse_blocks_reader reader{os::process_id()};

    sparse_blocks_test() { std::memset(there, 1, bytes / 2); }
    ~sparse_blocks_test() override { system_pages::unmap(there, bytes); }

    void add(std::uint64_t offset, std::uint64_t size, std::uint32_t callstack) {
        reader.add(begin + offset, size, callstack_id{callstack});
    }
    // Blocks and bytes of a callstack.
    using kept = std::pair<std::uint64_t, std::uint64_t>;
    static kept of(const sparse_blocks& found, std::uint32_t callstack) {
        for (const sparse_blocks::kept& one : found.by_callstack)
            if (one.callstack == callstack_id{callstack}) return {one.blocks, one.bytes};
        return {};
    }
};

TEST_F(sparse_blocks_test, what_a_page_lacks_is_shared_by_the_blocks_on_it) {
    add(16, 1000, 7);
    add(page + 16, 1000, 7);
    add(page + 2048, 24, 8);
    const sparse_blocks found = reader.found();
    const std::uint64_t half = (page - 1008 - 32) / 2;
    EXPECT_EQ(of(found, 7), kept(2, page - 1008 + half));
    EXPECT_EQ(of(found, 8), kept(1, half));
    EXPECT_EQ(found.occupied, 2 * page);
}

TEST_F(sparse_blocks_test, a_page_that_is_more_than_half_full_lacks_nothing) {
    for (std::uint64_t at = 0; at < page / 2; at += 32) add(at + 16, 8, 7);  // headers count
    add(page / 2 + 16, 8, 7);
    add(page + 16, 3000, 7);
    const sparse_blocks found = reader.found();
    EXPECT_TRUE(found.by_callstack.empty());
    EXPECT_EQ(found.occupied, 2 * page);
}

TEST_F(sparse_blocks_test, a_block_across_pages_keeps_those_at_its_ends) {
    add(page - 96, 96 + page + 200, 7);
    const sparse_blocks found = reader.found();
    EXPECT_EQ(found.occupied, 3 * page);
    EXPECT_EQ(of(found, 7).first, 2u);
    EXPECT_EQ(of(found, 7).second, (page - 96) + (page - 208));
}

TEST_F(sparse_blocks_test, what_a_large_block_rounds_up_is_no_hole) {
    add(16, 64 << 10, 7);
    add((64 << 10) + 100 - 4, 24, 8);
    EXPECT_TRUE(reader.found().by_callstack.empty());
}

TEST_F(sparse_blocks_test, what_is_not_resident_is_not_kept) {
    add(bytes / 2 + 16, 1000, 7);
    const sparse_blocks found = reader.found();
    EXPECT_TRUE(found.by_callstack.empty());
    EXPECT_EQ(found.occupied, 0u);
}

TEST_F(sparse_blocks_test, an_arena_of_a_runtime_is_kept_as_a_whole) {
    reader.leave_out(begin, bytes);  // it was mapped, too
    reader.add_arenas(begin, bytes);
    add(0, 48, 7);
    add(page, 48, 8);
    add(mib + 64, 48, 7);
    add(2 * mib + 64, 48, 9);  // nothing of it is resident
    const sparse_blocks found = reader.found();
    const std::uint64_t half = (mib - 2 * 64) / 2;
    EXPECT_EQ(of(found, 7), kept(2, half + mib - 64));
    EXPECT_EQ(of(found, 8), kept(1, half));
    EXPECT_EQ(of(found, 9), kept());
    EXPECT_EQ(found.occupied, 0u) << "no page of malloc's";
}

TEST_F(sparse_blocks_test, what_the_program_mapped_itself_is_left_out) {
    reader.leave_out(begin + page, page);
    reader.leave_out(begin + mib, 16);
    add(16, 100, 7);
    add(page + 16, 100, 7);
    add(2 * page + 16, 100, 7);
    EXPECT_EQ(of(reader.found(), 7).first, 2u);
}

TEST_F(sparse_blocks_test, of_who_is_gone_nothing_is_kept) {
    sparse_blocks_reader gone(1 << 30);
    gone.add(begin + 16, 100, callstack_id{7});
    EXPECT_TRUE(gone.found().by_callstack.empty());
}

}  // namespace
}  // namespace fil
