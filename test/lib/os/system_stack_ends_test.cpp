#include "os/system_stack_ends.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <thread>

#include "os/sandbox.hpp"

namespace {

using ends = fil::system_stack_ends;

std::uintptr_t here() {
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

TEST(stack_ends, the_first_threads_ends_above_its_frames_and_is_readable_to_there) {
    const std::uintptr_t end = ends::nearest_end(here());
    ASSERT_GT(end, here());
    EXPECT_LT(end - here(), 8u << 20);
    for (std::uintptr_t page = here() & -4096ul; page < end; page += 4096)
        EXPECT_TRUE(ends::is_readable(page));
}

TEST(stack_ends, another_threads_ends_above_its_frames) {
    std::thread([] {
        const std::uintptr_t end = ends::nearest_end(here());
        ASSERT_GT(end, here());
        EXPECT_LT(end - here(), 64u << 10);
    }).join();
}

TEST(stack_ends, what_cannot_be_read_is_told_and_errno_kept) {
    auto* pages = static_cast<char*>(
        mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages + 4096, 4096, PROT_NONE);
    const auto at = reinterpret_cast<std::uintptr_t>(pages);
    errno = 77;
    EXPECT_TRUE(ends::is_readable(at));
    EXPECT_FALSE(ends::is_readable(at + 4096));
    EXPECT_EQ(errno, 77);
    munmap(pages, 8192);
    EXPECT_FALSE(ends::is_readable(at));
}

TEST(stack_ends, where_a_sandbox_forbids_to_ask_the_threads_own_stack_is_believed_in) {
    auto* pages = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fil::sandbox::refused.store(fil::sandbox::all);
    const std::uintptr_t below = (here() & -4096ul) - 4096;
    EXPECT_TRUE(ends::is_readable(below));
    EXPECT_FALSE(ends::is_readable(reinterpret_cast<std::uintptr_t>(pages)));
    std::thread([] { EXPECT_TRUE(ends::is_readable((here() & -4096ul) - 4096)); }).join();
    fil::sandbox::refused.store(0);
    munmap(pages, 4096);
}

}  // namespace
