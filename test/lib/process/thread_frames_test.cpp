#include "process/thread_frames.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <thread>

namespace fil {
namespace {

// What a function's own frame is to its callee's: where it returns to, and the stack above that.
struct seen {
    std::unique_ptr<thread_frames> frames = std::make_unique<thread_frames>();
    stack_shape shape{};
    stack_place inner{}, outer{};
};

stack_place place_of_caller(void* frame) {
    const auto fp = reinterpret_cast<std::uintptr_t>(frame);
    return {reinterpret_cast<const std::uintptr_t*>(fp)[1], fp + 16};
}

[[gnu::noinline, gnu::optimize("no-omit-frame-pointer")]] void look(seen& found) {
    found.inner = place_of_caller(__builtin_frame_address(0));
    found.frames->read(found.shape);
}
[[gnu::noinline, gnu::optimize("no-omit-frame-pointer")]] void look_deeper(seen& found) {
    found.outer = place_of_caller(__builtin_frame_address(0));
    look(found);
    asm volatile("" ::: "memory");
}
[[gnu::noinline]] void recurse(seen& found, int times) {
    if (times == 0) return look(found);
    recurse(found, times - 1);
    asm volatile("" ::: "memory");
}

int index_of(const stack_shape& shape, const stack_place& place) {
    for (std::uint32_t i = 0; i != shape.count; ++i) {
        if (shape.places[i].code == place.code && shape.places[i].cfa == place.cfa)
            return static_cast<int>(i);
    }
    return -1;
}

TEST(thread_frames, stand_outermost_first_where_functions_return_to) {
    seen found;
    std::thread([&] { look_deeper(found); }).join();
    const int outer = index_of(found.shape, found.outer),
              inner = index_of(found.shape, found.inner);
    ASSERT_GE(outer, 1) << "below it is what began the thread";
    EXPECT_EQ(inner, outer + 1);
    for (std::uint32_t i = 1; i < found.shape.count; ++i)
        EXPECT_GT(found.shape.places[i - 1].cfa, found.shape.places[i].cfa);
}

TEST(thread_frames, are_the_same_when_they_are_read_again) {
    seen first, again;
    std::thread([&] {
        for (seen* each : {&first, &again}) {
            again.frames.swap(first.frames);
            look_deeper(*each);
        }
    }).join();
    ASSERT_GT(first.shape.count, 2u);
    ASSERT_EQ(first.shape.count, again.shape.count);
    for (std::uint32_t i = 0; i != first.shape.count; ++i)
        EXPECT_EQ(index_of(again.shape, first.shape.places[i]), static_cast<int>(i));
}

// Who asks is called by the C library, since frames of the asker's own module are passed over
// first.
struct request {
    std::unique_ptr<thread_frames> frames = std::make_unique<thread_frames>();
    kept_words kept{};
    std::uintptr_t until = 0;
    bool is_known = false;
};
request* the_request;

int ask_and_compare(const void*, const void*) {
    request& wanted = *the_request;
    wanted.is_known = wanted.frames->read_kept(
        wanted.kept, [&](std::uintptr_t code) { return code - wanted.until < 256; });
    return 0;
}
constexpr std::uintptr_t secret = 0x5EC2E7;
[[gnu::noinline]] void keep_and_ask() {
    int two[2] = {};
    std::uintptr_t word = secret;
    asm volatile("" : "+b"(word));
    std::qsort(two, 2, sizeof *two, ask_and_compare);
    asm volatile("" : "+b"(word));
}
bool has(const kept_words& kept, std::uintptr_t word) {
    return std::find(kept.words, kept.words + kept.count, word) != kept.words + kept.count;
}

TEST(thread_frames, what_callers_keep_is_found_and_ends_at_the_mark) {
    request wanted;
    the_request = &wanted;
    wanted.until = ~std::uintptr_t{0} - 256;
    std::thread(keep_and_ask).join();
    EXPECT_TRUE(wanted.is_known);
    EXPECT_EQ(wanted.kept.mark, 0u);
    EXPECT_TRUE(has(wanted.kept, secret));
    const std::uint32_t all = wanted.kept.count;

    wanted.until = reinterpret_cast<std::uintptr_t>(&keep_and_ask);
    std::thread(keep_and_ask).join();
    EXPECT_TRUE(wanted.is_known);
    EXPECT_NE(wanted.kept.mark, 0u);
    EXPECT_TRUE(has(wanted.kept, secret));
    EXPECT_LT(wanted.kept.count, all);
}

// The frames outward of a word on another thread's stack, while that one stands still.
struct standing {
    std::unique_ptr<thread_frames> frames = std::make_unique<thread_frames>();
    kept_words kept{};
    std::uintptr_t mark = 0;
    bool is_known = false;
};
[[gnu::noinline]] void holds_job(standing& one) {
    volatile int job = 7;
    std::thread([&one, from = reinterpret_cast<std::uintptr_t>(&job) & ~std::uintptr_t{7}] {
        one.is_known = one.frames->read_others(one.kept, from, one.mark);
    }).join();
    asm volatile("" : : : "rbx");  // so this frame saves its caller's
}
// It looks for where it returns to above its own variables.
[[gnu::noinline, gnu::no_sanitize_address]] void keeps_and_enters(standing& one,
                                                                  std::uintptr_t beside) {
    void* volatile first = nullptr;
    void* const volatile* at = &first;
    while (*at != __builtin_return_address(0)) ++at;
    one.mark = reinterpret_cast<std::uintptr_t>(at) + beside;
    std::uintptr_t word = secret;
    asm volatile("" : "+b"(word));
    holds_job(one);
    asm volatile("" : "+b"(word));
}

TEST(thread_frames, of_another_thread_are_those_that_lead_to_the_mark) {
    standing one;
    std::thread([&] { keeps_and_enters(one, 0); }).join();
    EXPECT_TRUE(one.is_known);
    EXPECT_TRUE(has(one.kept, secret));
    std::thread([&] { keeps_and_enters(one, 8); }).join();
    EXPECT_FALSE(one.is_known);  // no frame returns from there
}

TEST(thread_frames, of_a_stack_that_is_deeper_are_none) {
    seen found;
    std::thread([&] { recurse(found, 2 * stack_shape::deepest); }).join();
    EXPECT_EQ(found.shape.count, 0u);
    std::thread([&] {
        found.frames->begin_thread();
        recurse(found, 10);
    }).join();
    EXPECT_GT(found.shape.count, 10u);
}

}  // namespace
}  // namespace fil
