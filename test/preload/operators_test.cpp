// operator new and delete: the C++ library's own are jumped to, and raise no event but malloc's.

#include <gtest/gtest.h>

#include <new>

#include "fake_recorder.hpp"

namespace {

TEST(operators, of_the_cxx_library_are_counted_by_the_malloc_that_they_call) {
    fake::start();
    void* block = operator new(100);
    EXPECT_EQ(fake::names(), "alloc");
    EXPECT_EQ(fake::find("alloc").bytes, 100u);
    fake::start();
    operator delete(block);
    EXPECT_EQ(fake::names(), "forget");
    EXPECT_EQ(fake::find("forget").address, block);
}

TEST(operators, throw_through_no_frame_of_ours) {
    volatile std::size_t too_much = ~std::size_t{0};
    EXPECT_THROW((void)operator new(too_much), std::bad_alloc);
    EXPECT_EQ(operator new(too_much, std::nothrow), nullptr);
}

}  // namespace
