#include "process/pool_thread.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace fil {
namespace {

struct pool_thread_test : testing::Test {
    // So many frames, each at such a place.
    static stack_shape shape(std::uint32_t count, std::uintptr_t code) {
        stack_shape made{};
        made.count = count;
        for (std::uint32_t i = 0; i < count; ++i)
            made.places[i] = {static_cast<decltype(stack_place::cfa)>(1000 - i),
                              static_cast<decltype(stack_place::code)>(code)};
        return made;
    }
    std::unique_ptr<pool_thread> thread = std::make_unique<pool_thread>();
};

TEST_F(pool_thread_test, what_it_looks_like_idle_is_the_shallowest_that_came_again) {
    EXPECT_EQ(thread->usual(), nullptr);
    thread->remember(shape(5, 1));
    EXPECT_EQ(thread->usual(), nullptr) << "it may be of its start";
    thread->remember(shape(9, 1));
    thread->remember(shape(9, 1));
    ASSERT_NE(thread->usual(), nullptr);
    EXPECT_EQ(thread->usual()->count, 9u);
    thread->remember(shape(5, 1));
    EXPECT_EQ(thread->usual()->count, 5u);
    EXPECT_TRUE(thread->usual()->is(shape(5, 1)));
    EXPECT_FALSE(thread->usual()->is(shape(5, 2)));
    EXPECT_FALSE(thread->usual()->is(shape(4, 1)));
}

TEST_F(pool_thread_test, of_many_the_deepest_is_forgotten) {
    for (std::uint32_t count = 10; count > 10 - pool_thread::idle_shapes; --count)
        thread->remember(shape(count, 1));
    thread->remember(shape(20, 1));
    thread->remember(shape(20, 1));
    EXPECT_EQ(thread->usual(), nullptr) << "it is deeper than all that are known";
    thread->remember(shape(2, 1));
    thread->remember(shape(2, 1));
    EXPECT_EQ(thread->usual()->count, 2u);
    thread->remember(shape(10, 1));
    thread->remember(shape(10, 1));
    EXPECT_EQ(thread->usual()->count, 2u);
}

TEST_F(pool_thread_test, words_that_it_keeps_idle_are_known_until_they_are_forgotten) {
    idle_words words;
    EXPECT_FALSE(words.holds(0x1234));
    words.add(0x1234);
    EXPECT_TRUE(words.holds(0x1234));
    words.forget();
    EXPECT_FALSE(words.holds(0x1234));
}

TEST_F(pool_thread_test, has_room_only_on_the_stack_that_it_was_made_with) {
    constexpr std::uintptr_t end = 0x7000'0000'0000, bytes = 1 << 20;
    thread->end = end;
    thread->bytes = bytes;
    EXPECT_TRUE(thread->has_room(end - 4096));
    EXPECT_TRUE(thread->has_room(end - bytes + pool_thread::least_room));
    EXPECT_FALSE(thread->has_room(end - bytes + pool_thread::least_room - 8));
    EXPECT_FALSE(thread->has_room(end + 8)) << "on another";
    EXPECT_FALSE(thread->has_room(end - bytes - 8));
    thread->end = 0;
    EXPECT_FALSE(thread->has_room(end - 4096)) << "it has ended";
}

TEST_F(pool_thread_test, how_deep_it_went_is_kept) {
    thread->lowest = 1000;
    thread->reach(900);
    thread->reach(950);
    EXPECT_EQ(thread->lowest, 900u);
}

TEST_F(pool_thread_test, learns_at_first_and_then_now_and_then) {
    int learned = 0;
    for (int i = 0; i < 640; ++i) learned += thread->learns_now();
    EXPECT_EQ(learned, 64 + 9);
    int shown = 0;
    for (int i = 0; i < 160; ++i) shown += thread->shows_now();
    EXPECT_EQ(shown, 16 + 9);
}

TEST_F(pool_thread_test, its_stack_goes_when_nobody_reads_it_any_more) {
    thread->end = 4096;
    EXPECT_TRUE(thread->hide());
    EXPECT_EQ(thread->end, 0u);
    auto reader = std::make_unique<reading_stack>(*thread);
    EXPECT_EQ(thread->readers, 1u);
    std::thread reads([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        reader.reset();
    });
    EXPECT_TRUE(thread->hide());
    EXPECT_EQ(thread->readers, 0u);
    reads.join();
}

TEST_F(pool_thread_test, a_reader_that_was_left_by_a_jump_is_waited_for_a_second_or_two) {
    thread->readers = 1;
    EXPECT_FALSE(thread->hide());
    sandbox::refused = sandbox::of_waiting;
    EXPECT_FALSE(thread->hide());
    sandbox::refused = 0;
}

}  // namespace
}  // namespace fil
