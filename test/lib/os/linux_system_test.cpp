#include "os/linux_system.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checking_child.hpp"
#include "locked_pages.hpp"
#include "os/os.hpp"
#include "os/sandbox.hpp"

namespace fil {
namespace {

constexpr std::size_t page = 4096;

std::uintptr_t number_of(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address);
}

TEST(linux_system, tables_are_wiped_in_a_forked_child_and_other_pages_are_not) {
    auto* table = static_cast<char*>(system_pages_wiped_on_fork::map(2 * page));
    auto* kept = static_cast<char*>(system_pages::map(2 * page));
    ASSERT_TRUE(table != nullptr && kept != nullptr);
    table[5000] = kept[5000] = 'x';
    EXPECT_EQ(status_of_child([&] { HOLDS(1, table[5000] == 0 && kept[5000] == 'x'); }), 0);
    EXPECT_EQ(table[5000], 'x');
    system_pages_wiped_on_fork::clear(table, 2 * page);
    EXPECT_EQ(table[5000], 0);
    system_pages_wiped_on_fork::unmap(table, 2 * page);
    system_pages::unmap(kept, 2 * page);
}

TEST(linux_system, how_much_is_resident_is_counted_in_pages) {
    auto* room = static_cast<char*>(system_pages::map(64 * 4096));
    EXPECT_EQ(system_pages::resident_bytes(reinterpret_cast<std::uintptr_t>(room), 64 * 4096), 0u);
    room[0] = room[40 * 4096] = 1;
    EXPECT_EQ(system_pages::resident_bytes(reinterpret_cast<std::uintptr_t>(room), 64 * 4096),
              2u * 4096);
    system_pages::unmap(room, 64 * 4096);
    EXPECT_EQ(system_pages::resident_bytes(reinterpret_cast<std::uintptr_t>(room), 64 * 4096), 0u);
}

TEST(linux_system, what_is_cleared_is_zero_and_given_back_or_only_zero_where_it_is_locked) {
    auto* room = static_cast<char*>(system_pages::map(2 * page));
    room[0] = room[page] = 1;
    ASSERT_EQ(test::lock_pages(room, page), 0);
    errno = 77;
    system_pages::clear(room, page);
    system_pages::clear(room + page, page);
    EXPECT_EQ(errno, 77);
    EXPECT_EQ(system_pages::resident_bytes(number_of(room), 2 * page), page);
    EXPECT_EQ(room[0], 0);
    EXPECT_EQ(room[page], 0);
    system_pages::unmap(room, 2 * page);
}

TEST(linux_system, what_is_forbidden_can_be_read_once_it_is_allowed) {
    auto* room = static_cast<char*>(system_pages::map(page));
    room[0] = 'x';
    system_pages::forbid(room, page);
    EXPECT_EQ(test::lock_pages(room, page), -1) << "it could be made resident";
    system_pages::allow(room, page);
    EXPECT_EQ(room[0], 'x');
    room[0] = 'y';
    system_pages::unmap(room, page);
}

// The kernel's word: whether it would take memory from us.
TEST(linux_system, in_a_sandbox_pages_come_from_the_reserve_and_none_go_back) {
    constexpr std::size_t reserved = 16 * page;
    const auto fill = [](page_reserve& reserve) {
        reserve.fill(os::map_reserve(reserved, false), reserved);
    };
    EXPECT_EQ(status_of_child([&] {
                  fill(sandbox::pages);
                  auto* before = static_cast<char*>(system_pages::map(page));
                  sandbox::refused = sandbox::of_memory | sandbox::of_giving_back;
                  auto* kept = static_cast<char*>(system_pages::map(page));
                  HOLDS(1, kept != nullptr && *kept == 0);
                  HOLDS(2, system_pages::map(reserved) == nullptr);
                  HOLDS(3, system_pages_wiped_on_fork::map(page) == nullptr);
                  HOLDS(4, !system_pages::extend(kept + page, page));
                  *before = *kept = 1;
                  system_pages::unmap(before, page);
                  HOLDS(5, *before == 1);
                  system_pages::clear(kept, page);
                  HOLDS(6, *kept == 0);
                  sandbox::refused = sandbox::of_residence;
                  HOLDS(7, system_pages::resident_bytes(number_of(kept), page) == 0);
              }),
              0);
}

bool is_held_back(int number) {
    sigset_t now;
    sigprocmask(SIG_BLOCK, nullptr, &now);
    return sigismember(&now, number) == 1;
}

TEST(linux_system, signals_wait_while_a_thread_may_not_be_interrupted) {
    errno = 77;
    {
        const linux_system::uninterrupted outer;
        { const linux_system::uninterrupted inner; }
        EXPECT_TRUE(is_held_back(SIGUSR1)) << "the inner one leaves what it found";
    }
    EXPECT_FALSE(is_held_back(SIGUSR1));
    sandbox::refused = sandbox::of_signal_mask;
    {
        const linux_system::uninterrupted nothing;
        EXPECT_FALSE(is_held_back(SIGUSR1));
    }
    sandbox::refused = 0;
    EXPECT_EQ(errno, 77);
}

TEST(linux_system, who_may_not_yield_goes_on) {
    EXPECT_TRUE(linux_system::may_yield());
    sandbox::refused = sandbox::of_waiting;
    EXPECT_FALSE(linux_system::may_yield());
    linux_system::yield();
    sandbox::refused = 0;
    linux_system::yield();
}

}  // namespace
}  // namespace fil
