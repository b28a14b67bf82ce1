#include "os/thread_key.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace fil::os {
namespace {

std::atomic<int> ended;

TEST(thread_key, gives_a_threads_value_to_the_function_when_the_thread_ends) {
    thread_key key;
    ASSERT_EQ(key.make([](void* value) { ended += *static_cast<int*>(value); }), 0);
    int seven = 7;
    std::thread([&] { key.set(&seven); }).join();
    std::thread([] {}).join();  // has no value
    EXPECT_EQ(ended, 7);
}

// So many keys that the C library has to ask calloc for room.
TEST(thread_key, holds_values_beyond_the_ones_that_the_library_has_room_for) {
    thread_key key;
    for (int i = 0; i < 40; ++i) {
        ASSERT_EQ(key.make([](void* value) { ended += *static_cast<int*>(value); }), 0);
    }
    ended = 0;
    int five = 5;
    std::thread([&] { key.set(&five); }).join();
    EXPECT_EQ(ended, 5);
}

}  // namespace
}  // namespace fil::os
