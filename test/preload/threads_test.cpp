// Threads that are made: they inherit, and start as they would.

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <threads.h>

#include "fake_recorder.hpp"

namespace {

struct threads : testing::Test {
    threads() {
        fake::running = true;
        fake::inherited = 0;
    }
    ~threads() override { fake::running = false; }
};

TEST_F(threads, of_posix_inherit_their_creators_callstack) {
    pthread_t thread;
    int argument = 5;
    ASSERT_EQ(pthread_create(
                  &thread, nullptr, [](void* given) { return given; }, &argument),
              0);
    void* result = nullptr;
    pthread_join(thread, &result);
    EXPECT_EQ(result, &argument);
    EXPECT_EQ(fake::inherited, 42u);
}

TEST_F(threads, of_c11_inherit_their_creators_callstack) {
    thrd_t thread;
    int argument = 5;
    const auto start = [](void* given) { return *static_cast<int*>(given) + 1; };
    ASSERT_EQ(thrd_create(&thread, start, &argument), thrd_success);
    int result = 0;
    thrd_join(thread, &result);
    EXPECT_EQ(result, 6);
    EXPECT_EQ(fake::inherited, 42u);
}

TEST_F(threads, tell_of_a_stack_that_disarms_itself_and_of_no_other) {
    static char memory[64 * 1024];
    stack_t stack{memory, 0, sizeof memory};
    fake::start();
    ASSERT_EQ(sigaltstack(&stack, nullptr), 0);
    EXPECT_EQ(fake::find("disarming-stack").address, nullptr);
    EXPECT_EQ(fake::find("signal-stack").address, memory);
    EXPECT_EQ(fake::find("signal-stack").bytes, sizeof memory);
    stack.ss_flags = static_cast<int>(1u << 31);  // SS_AUTODISARM
    fake::start();
    ASSERT_EQ(sigaltstack(&stack, nullptr), 0);
    EXPECT_EQ(fake::find("disarming-stack").address, memory);
    EXPECT_EQ(fake::find("disarming-stack").bytes, sizeof memory);
    fake::start();
    stack_t old;
    sigaltstack(nullptr, &old);
    EXPECT_EQ(fake::names(), "");
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, nullptr);
}

}  // namespace
