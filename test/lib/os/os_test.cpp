#include "os/os.hpp"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "checking_child.hpp"
#include "refused_calls.hpp"

namespace fil {
namespace {

TEST(os, a_recordings_share_of_limited_address_space_is_small) {
    const std::uint64_t unlimited = os::recording_bytes();
    EXPECT_GE(unlimited, std::uint64_t{1} << 30);
    EXPECT_EQ(status_of_child([] {
                  const rlimit limit{std::uint64_t{1} << 32, std::uint64_t{1} << 32};
                  setrlimit(RLIMIT_AS, &limit);
                  HOLDS(1, os::share_of_limited_space() ==
                               (std::uint64_t{1} << 32) / os::share_of_address_space);
                  HOLDS(2, os::recording_bytes() <= os::share_of_limited_space());
              }),
              0);
}

TEST(os, a_recording_grows_in_place) {
    constexpr std::uint64_t some = 1 << 16, room = 1 << 20;
    const os::growing_memory made = os::map_to_grow(-1, some, room);
    ASSERT_NE(made.address, nullptr);
    EXPECT_EQ(made.bytes, some);
    auto* const bytes = static_cast<char*>(made.address);
    ASSERT_TRUE(os::extend(bytes + some, room - some));
    bytes[room - 1] = 'x';
    os::unmap(bytes, room);
}

// As under an emulator (valgrind).
TEST(os, where_a_recording_cannot_grow_it_has_all_of_its_room_at_once) {
    EXPECT_EQ(status_of_child([] {
                  HOLDS(1, test::refuse_call(SYS_mremap, ENOMEM));
                  const os::growing_memory made = os::map_to_grow(-1, 1 << 16, 1 << 20);
                  HOLDS(2, made.address != nullptr && made.bytes == 1 << 20);
                  static_cast<char*>(made.address)[made.bytes - 1] = 'x';
              }),
              0);
}

TEST(os, shared_memory_is_one_for_two_and_can_be_neither_cut_nor_grown) {
    const os::shared_memory made = os::make_shared_memory("test", 1 << 20, 1 << 16);
    ASSERT_NE(made.address, nullptr);
    EXPECT_EQ(made.bytes, std::uint64_t{1} << 20);
    ASSERT_GE(made.descriptor, 0);
    static_cast<char*>(made.address)[made.bytes - 1] = 'x';
    void* other = os::map_shared(made.descriptor, made.bytes);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(static_cast<char*>(other)[made.bytes - 1], 'x');
    EXPECT_NE(ftruncate(made.descriptor, 1), 0);
    EXPECT_NE(ftruncate(made.descriptor, 1 << 21), 0);
    os::unmap(other, made.bytes);
    os::unmap(made.address, made.bytes);
    close(made.descriptor);
}

TEST(os, memory_that_is_refused_is_none) {
    EXPECT_EQ(os::map_private(std::uint64_t{1} << 60), nullptr);
    EXPECT_EQ(os::map_shared(-1, 4096), nullptr);
    EXPECT_EQ(os::map_segment(-1), nullptr);
}

TEST(os, a_page_is_wiped_in_a_forked_child) {
    auto* wiped = static_cast<char*>(os::map_wiped_page());
    ASSERT_NE(wiped, nullptr);
    *wiped = 'x';
    EXPECT_EQ(status_of_child([&] { HOLDS(1, *wiped == 0); }), 0);
    EXPECT_EQ(*wiped, 'x');
}

TEST(os, memory_is_read_as_far_as_it_can_be) {
    constexpr std::size_t page = 4096;
    auto* two = static_cast<char*>(os::map_private(2 * page));
    two[page - 1] = 'x';
    os::unmap(two + page, page);
    char copy[2 * page] = {};
    EXPECT_EQ(os::read_memory(getpid(), reinterpret_cast<std::uintptr_t>(two), copy, 2 * page),
              page);
    EXPECT_EQ(copy[page - 1], 'x');
    os::unmap(two, page);
    EXPECT_EQ(os::read_memory(getpid(), reinterpret_cast<std::uintptr_t>(two), copy, page), 0u);
}

TEST(os, knows_who_and_where_it_is) {
    EXPECT_EQ(os::process_id(), getpid());
    EXPECT_EQ(os::parent_process_id(), getppid());
    EXPECT_TRUE(os::is_first_thread());
    bool other = true;
    std::thread([&] { other = os::is_first_thread(); }).join();
    EXPECT_FALSE(other);
    char directory[4096];
    const std::size_t length = os::working_directory(directory, sizeof directory);
    EXPECT_EQ(std::string(directory, length), std::filesystem::current_path());
    EXPECT_EQ(os::working_directory(directory, 1), 0u);
}

TEST(os, errno_is_kept) {
    errno = 77;
    {
        const os::keep_errno keep;
        errno = 5;
    }
    EXPECT_EQ(errno, 77);
}

}  // namespace
}  // namespace fil
