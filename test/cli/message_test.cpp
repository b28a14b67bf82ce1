#include "message.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

TEST(message, is_one_line_that_says_whose_it_is) {
    EXPECT_EQ(message_line("hello"), "=fil-profile= hello\n");
    EXPECT_EQ(message_line("a\nb\033[31mc\x7f"), "=fil-profile= a?b?[31mc?\n");
    EXPECT_EQ(message_line("\xc3\xbc"), "=fil-profile= \xc3\xbc\n");
}

TEST(message, sizes_are_in_mebibytes_unless_those_would_be_nothing) {
    EXPECT_EQ(size_text(648LL * 1024 * 1024 + 512 * 1024), "648.5 MiB");
    EXPECT_EQ(size_text(64 * 1024), "0.1 MiB");
    EXPECT_EQ(size_text(12 * 1024 + 512), "12.5 KiB");
    EXPECT_EQ(size_text(1000), "1000 bytes");
    EXPECT_EQ(size_text(0), "0 bytes");
}

TEST(message, times_are_in_seconds_unless_those_would_say_little) {
    EXPECT_EQ(seconds_text(3.16), "3.2 s");
    EXPECT_EQ(seconds_text(0.9997), "1.0 s");
    EXPECT_EQ(seconds_text(0.0124), "12 ms");
    EXPECT_EQ(seconds_text(0), "0 ms");
}

}  // namespace
}  // namespace fil::cli
