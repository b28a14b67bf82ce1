#include "os/system_signal_stacks.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "fil/base/reentry_guard.hpp"
#include "os/sandbox.hpp"

namespace fil {
namespace {

alternate_stack seen_in_handler;

// With a stack for its signals.
struct signal_stacks : testing::Test {
    signal_stacks() {
        stack_t stack{};
        stack.ss_sp = memory;
        stack.ss_size = sizeof memory;
        EXPECT_EQ(sigaltstack(&stack, nullptr), 0);
        struct sigaction looks {};
        looks.sa_flags = SA_ONSTACK;
        looks.sa_handler = [](int) { seen_in_handler = look(); };
        EXPECT_EQ(sigaction(SIGUSR1, &looks, nullptr), 0);
    }
    ~signal_stacks() override {
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        sigaltstack(&none, nullptr);
        signal(SIGUSR1, SIG_DFL);
        disarming_stack = signal_stack = {};
        sandbox::refused = 0;
    }
    static alternate_stack look() { return system_signal_stacks::of_this_thread(); }
    static stack_range around_here() { return {stack_pointer() - 8192, 16384}; }

    static inline char memory[64 * 1024];
    const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(memory);
};

TEST_F(signal_stacks, the_kernel_tells_where_it_is_and_when_it_is_in_use) {
    errno = 77;
    EXPECT_EQ(look().begin, begin);
    EXPECT_EQ(look().end, begin + sizeof memory);
    EXPECT_FALSE(look().active);
    raise(SIGUSR1);
    EXPECT_EQ(seen_in_handler.begin, begin);
    EXPECT_TRUE(seen_in_handler.active);
    EXPECT_EQ(errno, 77);
    std::thread([] { EXPECT_FALSE(look().active); }).join();
}

TEST_F(signal_stacks, one_that_disarms_itself_is_in_use_while_somebody_is_on_it) {
    disarming_stack = around_here();
    EXPECT_TRUE(look().active);
    EXPECT_EQ(look().begin, disarming_stack.begin);
    disarming_stack = {8192, 4096};
    EXPECT_FALSE(look().active);
    EXPECT_EQ(look().begin, begin);
}

TEST_F(signal_stacks, where_a_sandbox_forbids_to_ask_it_is_where_the_hook_saw_it) {
    sandbox::refused = sandbox::of_signal_stack;
    EXPECT_FALSE(look().active) << "it saw none";
    signal_stack = {8192, 4096};
    EXPECT_EQ(look().begin, 8192u);
    EXPECT_EQ(look().end, 8192u + 4096);
    EXPECT_FALSE(look().active);
    signal_stack = around_here();
    EXPECT_TRUE(look().active);
}

}  // namespace
}  // namespace fil
