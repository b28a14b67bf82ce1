#include "thread_name.hpp"

#include <gtest/gtest.h>

#include <string>

using fil::python::write_without_numbers;

namespace {

std::string without_numbers(std::string_view name) {
    char to[40];
    return {to, write_without_numbers(name, to, sizeof to)};
}

TEST(thread_name, loses_what_tells_the_threads_of_a_pool_apart) {
    EXPECT_EQ(without_numbers("ThreadPoolExecutor-0_1"), "ThreadPoolExecutor");
    EXPECT_EQ(without_numbers("Thread-7 (run)"), "Thread (run)");
    EXPECT_EQ(without_numbers("asyncio_12"), "asyncio");
}

TEST(thread_name, keeps_what_it_means) {
    EXPECT_EQ(without_numbers("utf-8x"), "utf-8x");
    EXPECT_EQ(without_numbers("stage_2b-"), "stage_2b-");
    EXPECT_EQ(without_numbers("-"), "-");
    EXPECT_EQ(without_numbers(""), "");
}

TEST(thread_name, is_cut) {
    EXPECT_EQ(without_numbers(std::string(99, 'x')).size(), 40u);
}

}  // namespace
