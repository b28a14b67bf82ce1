#include "message.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

TEST(message, is_one_line_that_says_whose_it_is) {
    EXPECT_EQ(message_line("hello"), "=fil-profile= hello\n");
    EXPECT_EQ(message_line("a\nb\033[31mc\x7f"), "=fil-profile= a?b?[31mc?\n");
    EXPECT_EQ(message_line("\xc3\xbc"), "=fil-profile= \xc3\xbc\n");
}

TEST(message, bytes_have_one_decimal) {
    EXPECT_EQ(mebibytes(0), "0.0 MiB");
    EXPECT_EQ(mebibytes(648LL * 1024 * 1024 + 512 * 1024), "648.5 MiB");
}

}  // namespace
}  // namespace fil::cli
