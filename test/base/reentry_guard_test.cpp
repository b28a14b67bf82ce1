#include "fil/base/reentry_guard.hpp"

#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>

#include <thread>
#include <vector>

#include "fil/base/arena.hpp"
#include "fil/base/spin_lock.hpp"
#include "os/linux_system.hpp"
#include "os/system_signal_stacks.hpp"

namespace fil {
namespace {

TEST(reentry_guard, an_event_inside_an_event_is_seen) {
    const std::uintptr_t here = stack_pointer();
    reentry_guard<system_signal_stacks> guard;
    EXPECT_FALSE(guard.raised(here));
    ASSERT_TRUE(guard.enter(here));
    EXPECT_TRUE(guard.raised(here - 1024));
    EXPECT_FALSE(guard.enter(here - 1024));
    guard.leave();
    EXPECT_FALSE(guard.raised(here - 1024));
}

TEST(reentry_guard, an_event_that_begins_where_the_last_one_did_comes_after_a_jump) {
    const std::uintptr_t here = stack_pointer();
    reentry_guard<system_signal_stacks> guard;
    ASSERT_TRUE(guard.enter(here));
    EXPECT_FALSE(guard.raised(here));
    EXPECT_TRUE(guard.enter(here));
}

reentry_guard<system_signal_stacks> jumped_guard;
jmp_buf jump_target;

void raise_and_jump(int depth);
void (*const volatile deeper)(int) = raise_and_jump;  // compilers warn of what never returns

[[gnu::noinline]] void raise_and_jump(int depth) {
    volatile char frame[256];
    frame[0] = char(depth);
    if (depth > 0) return deeper(depth - 1);
    jumped_guard.raise();
    longjmp(jump_target, frame[0] + 1);
}

TEST(reentry_guard, one_left_up_by_a_jump_is_stale) {
    if (setjmp(jump_target) == 0) raise_and_jump(10);
    EXPECT_FALSE(jumped_guard.raised(stack_pointer()));
    EXPECT_TRUE(jumped_guard.enter(stack_pointer()));
    jumped_guard.leave();
}

bool raised_on_alternate_stack;
reentry_guard<system_signal_stacks> signalled_guard;

TEST(reentry_guard, is_not_stale_on_an_alternate_stack_above) {
    // The alternate stack lies in this frame, above where the guard is raised.
    static char alternate[64 * 1024];
    stack_t stack{};
    stack.ss_sp = alternate;
    stack.ss_size = sizeof alternate;
    ASSERT_EQ(sigaltstack(&stack, nullptr), 0);
    struct sigaction action {};
    action.sa_flags = SA_ONSTACK;
    action.sa_handler = [](int) {
        raised_on_alternate_stack = signalled_guard.raised(stack_pointer());
    };
    ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
    // Raised with a made-up place far below any stack, so that every stack looks "above".
    signalled_guard.raise();
    *reinterpret_cast<std::uintptr_t*>(&signalled_guard) = 1;
    raise(SIGUSR1);
    EXPECT_TRUE(raised_on_alternate_stack);
    EXPECT_FALSE(
        signalled_guard.raised(stack_pointer()));  // here, on the ordinary stack, it is stale
    signal(SIGUSR1, SIG_DFL);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, nullptr);
}

TEST(reentry_guard, is_not_stale_on_a_stack_that_disarms_itself_while_in_use) {
    const std::uintptr_t here = stack_pointer();
    reentry_guard<system_signal_stacks> guard;
    guard.raise(1);  // far below any stack, so that every stack looks "above"
    disarming_stack = {here - 8192, 16384};  // which the kernel does not tell of
    EXPECT_TRUE(guard.raised(stack_pointer()));
    disarming_stack = {};
    EXPECT_FALSE(guard.raised(stack_pointer()));
}

TEST(spin_lock, lets_one_in_at_a_time) {
    spin_lock lock;
    int count = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20000; ++i) {
                const locked<linux_system> hold(lock);
                ++count;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(count, 80000);
}

TEST(arena, gives_aligned_zeroed_memory_that_does_not_overlap) {
    arena<linux_system> a;
    std::vector<unsigned char*> blocks;
    for (int i = 0; i < 5000; ++i) {
        auto* block = static_cast<unsigned char*>(a.take(100));
        ASSERT_NE(block, nullptr);
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % 16, 0u);
        for (int j = 0; j < 100; ++j) ASSERT_EQ(block[j], 0);
        std::fill(block, block + 100, static_cast<unsigned char>(i));
        blocks.push_back(block);
    }
    for (int i = 0; i < 5000; ++i) ASSERT_EQ(blocks[i][99], static_cast<unsigned char>(i));
}

}  // namespace
}  // namespace fil
