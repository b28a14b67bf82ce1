// The order of bookkeeping around the malloc family.

#include <gtest/gtest.h>
#include <malloc.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "fake_recorder.hpp"
#include "replaced.hpp"

// Not declared by this C library; the hooks are there all the same.
extern "C" {
void free_sized(void*, std::size_t);
void free_aligned_sized(void*, std::size_t, std::size_t);
void cfree(void*);
}

using fil::preload::real;

namespace {

// The compiler must not know that these are the functions it knows.
void* (*volatile call_malloc)(std::size_t) = malloc;
void* (*volatile call_calloc)(std::size_t, std::size_t) = calloc;
void* (*volatile call_realloc)(void*, std::size_t) = realloc;
void* (*volatile call_reallocarray)(void*, std::size_t, std::size_t) = reallocarray;
void (*volatile call_free)(void*) = free;

alignas(16) char a_block[64];
alignas(16) char another_block[64];

TEST(malloc, is_recorded_after_the_real_call) {
    replaced here(
        real.malloc, +[](std::size_t bytes) -> void* {
            fake::note("real", nullptr, bytes);
            return a_block;
        });
    fake::start();
    void* block = call_malloc(100);
    EXPECT_EQ(fake::names(), "real alloc");
    EXPECT_EQ(block, a_block);
    EXPECT_EQ(fake::find("alloc").address, a_block);
    EXPECT_EQ(fake::find("alloc").bytes, 100u);
}

TEST(calloc, counts_the_product) {
    fake::start();
    void* block = call_calloc(7, 11);
    EXPECT_EQ(fake::names(), "alloc");
    EXPECT_EQ(fake::find("alloc").bytes, 77u);
    call_free(block);
}

TEST(calloc, an_overflow_fails_as_it_does_in_the_library) {
    errno = 0;
    EXPECT_EQ(call_calloc(~std::size_t{0}, 16), nullptr);
    EXPECT_EQ(errno, ENOMEM);
}

TEST(free, is_forgotten_before_the_real_call) {
    replaced here(
        real.free, +[](void* block) { fake::note("real", block); });
    fake::start();
    call_free(a_block);
    EXPECT_EQ(fake::names(), "forget real");
    EXPECT_EQ(fake::find("real").address, a_block);
}

TEST(free, by_its_other_names_is_the_same) {
    replaced here(
        real.free, +[](void* block) { fake::note("real", block); });
    if (fil::preload::find_and_decide().free_sized != nullptr)
        GTEST_SKIP() << "the library has its own";
    fake::start();
    free_sized(a_block, 64);
    EXPECT_EQ(fake::names(), "forget real");
    fake::start();
    free_aligned_sized(a_block, 16, 64);
    EXPECT_EQ(fake::names(), "forget real");
    fake::start();
    cfree(a_block);
    EXPECT_EQ(fake::names(), "forget real");
}

TEST(realloc, forgets_the_old_block_first_and_records_the_new_one_last) {
    replaced here(
        real.realloc, +[](void*, std::size_t) -> void* {
            fake::note("real");
            return another_block;
        });
    fake::start();
    fake::known_block = {64, 7, 0};
    call_realloc(a_block, 99);
    EXPECT_EQ(fake::names(), "forget real alloc");
    EXPECT_EQ(fake::find("forget").address, a_block);
    EXPECT_EQ(fake::find("alloc").address, another_block);
    EXPECT_EQ(fake::find("alloc").bytes, 99u);
}

void* no_memory(void*, std::size_t) {
    errno = ENOMEM;
    return nullptr;
}

TEST(realloc, a_failure_puts_the_old_entry_back_and_is_told_then) {
    replaced here(real.realloc, no_memory);
    fake::start();
    fake::known_block = {64, 7, 0};
    EXPECT_EQ(call_realloc(a_block, 99), nullptr);
    EXPECT_EQ(fake::names(), "forget restore failed");
    EXPECT_EQ(fake::find("restore").address, a_block);
    EXPECT_EQ(fake::find("restore").bytes, 64u);
    EXPECT_EQ(fake::find("failed").bytes, 99u);
}

TEST(realloc, the_failure_of_a_block_that_somebody_else_knows_is_theirs_to_tell) {
    replaced here(real.realloc, no_memory);
    fake::start();
    EXPECT_EQ(call_realloc(a_block, 99), nullptr);
    EXPECT_EQ(fake::names(), "forget restore");
    fake::start();
    EXPECT_EQ(call_realloc(nullptr, 99), nullptr);
    EXPECT_EQ(fake::names(), "forget restore failed");
}

TEST(malloc, that_fails_is_told_with_its_size) {
    replaced here(
        real.malloc, +[](std::size_t) -> void* {
            errno = ENOMEM;
            return nullptr;
        });
    fake::start();
    EXPECT_EQ(call_malloc(123), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_EQ(fake::names(), "failed");
    EXPECT_EQ(fake::find("failed").bytes, 123u);
}

TEST(posix_memalign, that_finds_no_memory_is_told) {
    void* block = nullptr;
    fake::start();
    EXPECT_EQ(posix_memalign(&block, 64, std::size_t{1} << 60), ENOMEM);
    EXPECT_EQ(fake::names(), "raise lower failed");
}

TEST(aligned_alloc, whose_alignment_is_too_large_is_told_of_that) {
    const volatile std::size_t alignment = std::size_t{1} << 62;  // unknown to the compiler
    fake::start();
    EXPECT_EQ(aligned_alloc(alignment, 64), nullptr);
    EXPECT_EQ(fake::names(), "raise lower failed");
    EXPECT_EQ(fake::find("failed").bytes, alignment);
    void* block = nullptr;
    fake::start();
    EXPECT_EQ(posix_memalign(&block, alignment, 64), ENOMEM);
    EXPECT_EQ(fake::find("failed").bytes, alignment);
}

TEST(pvalloc, of_more_than_there_are_pages_for_is_not_told_as_nothing) {
    fake::start();
    EXPECT_EQ(pvalloc(SIZE_MAX - 4000), nullptr);
    EXPECT_EQ(fake::find("failed").bytes, SIZE_MAX);
}

TEST(aligned_alloc, that_fails_for_another_reason_is_not_told) {
    replaced here(
        real.aligned_alloc, +[](std::size_t, std::size_t) -> void* {
            errno = EINVAL;
            return nullptr;
        });
    fake::start();
    EXPECT_EQ(aligned_alloc(64, 64), nullptr);
    EXPECT_EQ(fake::names(), "raise lower");
}

TEST(realloc, to_nothing_is_a_free_and_no_failure) {
    replaced here(
        real.realloc, +[](void*, std::size_t) -> void* { return nullptr; });
    fake::start();
    fake::known_block = {64, 7, 0};
    call_realloc(a_block, 0);
    EXPECT_EQ(fake::names(), "forget");
}

TEST(reallocarray, counts_once_though_the_library_calls_realloc) {
    void* block = call_malloc(8);
    fake::start();
    void* fresh = call_reallocarray(block, 10, 100);
    std::string names = fake::names();
    EXPECT_EQ(names.substr(0, names.find("lower")), "forget raise forget alloc ") << names;
    EXPECT_EQ(names.substr(names.find("lower")), "lower alloc") << names;
    call_free(fresh);
}

TEST(reallocarray, an_overflow_puts_the_old_entry_back) {
    void* block = call_malloc(8);
    fake::start();
    fake::known_block = {8, 7, 0};
    EXPECT_EQ(call_reallocarray(block, ~std::size_t{0}, 16), nullptr);
    EXPECT_EQ(fake::names(), "forget raise lower restore failed");
    EXPECT_EQ(fake::find("failed").bytes, SIZE_MAX);  // which is no want of memory
    call_free(block);
}

TEST(posix_memalign, fails_for_an_alignment_of_three_and_touches_nothing) {
    void* block = a_block;
    fake::start();
    EXPECT_EQ(posix_memalign(&block, 3, 100), EINVAL);
    EXPECT_EQ(fake::names(), "raise lower");
    EXPECT_EQ(block, a_block);
}

TEST(posix_memalign, records_the_block_it_gave) {
    void* block = nullptr;
    fake::start();
    ASSERT_EQ(posix_memalign(&block, 256, 100), 0);
    EXPECT_EQ(fake::names(), "raise lower alloc");
    EXPECT_EQ(fake::find("alloc").address, block);
    EXPECT_EQ(fake::find("alloc").bytes, 100u);
    call_free(block);
}

TEST(aligned, functions_record_what_was_asked_for) {
    fake::start();
    call_free(memalign(64, 10));
    EXPECT_EQ(fake::find("alloc").bytes, 10u);
    fake::start();
    call_free(aligned_alloc(64, 128));
    EXPECT_EQ(fake::find("alloc").bytes, 128u);
    fake::start();
    call_free(valloc(10));
    EXPECT_EQ(fake::find("alloc").bytes, 10u);
    fake::start();
    call_free(pvalloc(10));  // gives whole pages
    EXPECT_EQ(fake::find("alloc").bytes, 4096u);
}

TEST(errno_, is_left_alone_by_calls_that_work) {
    errno = 77;
    void* block = call_malloc(100);
    block = call_realloc(block, 100'000);
    call_free(block);
    EXPECT_EQ(errno, 77);
}

}  // namespace
