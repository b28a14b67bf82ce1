// What a thread has of its own, and for how long.

#include "process/thread_words.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "process_fixture.hpp"

namespace fil {
namespace {

TEST(thread_words, an_ended_threads_counters_go_to_the_next_one) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        thread_state *first = nullptr, *second = nullptr;
        std::thread([&] { events(), first = this_thread.state; }).join();
        std::thread([&] { events(), second = this_thread.state; }).join();
        return first != nullptr && first == second;
    }));
}

}  // namespace
}  // namespace fil
