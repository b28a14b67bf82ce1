#include "session/joined_process.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "made_process.hpp"
#include "os/cold/files.hpp"

namespace fil {
namespace {

bool is_mapped(const void* at) {
    unsigned char resident;
    return mincore(const_cast<void*>(at), recording_page, &resident) == 0;
}

TEST(shared_mapping, of_a_short_file_is_whole_and_goes_with_the_last_who_has_it) {
    const file_descriptor file = os::make_file_in_memory();
    ASSERT_TRUE(os::set_length(file.number(), recording_page));
    const void* base = nullptr;
    {
        shared_mapping first(file.number(), recording_page);
        base = first.base();
        EXPECT_EQ(first.bytes(), recording_page);
        shared_mapping second = std::move(first);
        EXPECT_EQ(first.base(), nullptr);
        EXPECT_EQ(second.base(), base);
        static_cast<char*>(second.base())[7] = 'x';
        shared_mapping third;
        third = std::move(second);
        EXPECT_TRUE(is_mapped(base));
    }
    EXPECT_FALSE(is_mapped(base));
    char byte = 0;
    EXPECT_EQ(os::read_at(file.number(), &byte, 1, 7), 1);
    EXPECT_EQ(byte, 'x');
}

TEST(shared_mapping, of_a_long_file_grows_in_place_as_far_as_that_is_long) {
    constexpr std::uint64_t whole = (16 << 20) + 100;
    const file_descriptor file = os::make_file_in_memory();
    ASSERT_TRUE(os::set_length(file.number(), whole));
    const shared_mapping mapped(file.number(), whole);
    const void* base = mapped.base();
    EXPECT_EQ(mapped.bytes(), os::first_bytes);
    mapped.cover(os::first_bytes - (2 << 20));
    EXPECT_EQ(mapped.bytes(), os::first_bytes) << "there was enough";
    mapped.cover(5 << 20);
    EXPECT_GE(mapped.bytes(), std::uint64_t{6} << 20);
    mapped.cover(1ull << 40);
    EXPECT_EQ(mapped.bytes(), (whole + recording_page) & ~std::uint64_t{recording_page - 1});
    EXPECT_EQ(mapped.base(), base);
    EXPECT_EQ(static_cast<const char*>(base)[whole - 1], 0);
}

TEST(shared_mapping, of_a_segment_is_whole) {
    const int segment = shmget(IPC_PRIVATE, 2 * recording_page, 0600);
    ASSERT_GE(segment, 0);
    {
        const shared_mapping mapped = shared_mapping::of_segment(segment);
        EXPECT_EQ(mapped.bytes(), 2 * recording_page);
        mapped.cover(1 << 20);
        EXPECT_EQ(mapped.bytes(), 2 * recording_page);
        shmctl(segment, IPC_RMID, nullptr);
    }
    EXPECT_THROW(shared_mapping::of_segment(segment), std::system_error);
}

TEST(shared_mapping, of_what_cannot_be_mapped_throws_why) {
    try {
        const shared_mapping none(-1, recording_page);
        ADD_FAILURE();
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code().value(), EBADF);
    }
}

TEST(joined_process, tells_numbers_as_long_as_it_has_a_recording_and_then_the_last) {
    joined_process one = test::made_process(42, 1000);
    one.header().peak = 900;
    one.header().missed_events = 3;
    one.header().threads_ever = 2;
    EXPECT_EQ(one.view().check(), recording_check::good);
    EXPECT_EQ(one.numbers().live, 1000);
    EXPECT_EQ(one.numbers().peak, 1000) << "no thread has published it yet";
    EXPECT_EQ(one.numbers().missed_events, 3u);
    EXPECT_EQ(one.numbers().threads_ever, 2u);
    EXPECT_GT(one.numbers().recording_bytes, 0u);
    EXPECT_FALSE(one.closed());
    one.header().closed = 1;
    EXPECT_EQ(one.numbers().live, 0);
    EXPECT_EQ(one.numbers().peak, 900);
    one.last = one.numbers();
    one.memory = {};
    EXPECT_TRUE(one.closed());
    EXPECT_EQ(one.numbers().missed_events, 3u);
    EXPECT_EQ(one.run(), nullptr);
}

TEST(joined_process, says_nothing_that_no_address_space_holds) {
    joined_process one = test::made_process(42);
    one.header().live = one.header().peak = INT64_MAX;
    one.header().pages_used = UINT32_MAX;
    EXPECT_EQ(one.numbers().live, plausible(INT64_MAX));
    EXPECT_EQ(one.numbers().peak, plausible(INT64_MAX));
    EXPECT_EQ(one.numbers().recording_bytes, test::made_bytes);
}

}  // namespace
}  // namespace fil
