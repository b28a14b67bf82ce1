#include "message.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace fil::cli {
namespace {

TEST(message, is_one_line_that_says_whose_it_is) {
    EXPECT_EQ(message_line("hello"), "=fil-profile= hello\n");
    EXPECT_EQ(message_line("a\nb\033[31mc\x7f"), "=fil-profile= a?b?[31mc?\n");
    EXPECT_EQ(message_line("\xc3\xbc"), "=fil-profile= \xc3\xbc\n");
}

TEST(message, sizes_are_those_of_the_report) {
    std::ifstream cases(FIL_SIZES);
    int seen = 0;
    long long bytes = 0;
    for (std::string text; cases >> bytes && cases.get() && std::getline(cases, text); ++seen) {
        EXPECT_EQ(size_text(bytes), text);
    }
    EXPECT_GT(seen, 20);
}

TEST(message, times_are_in_seconds_unless_those_would_say_little) {
    EXPECT_EQ(seconds_text(3.16), "3.2 s");
    EXPECT_EQ(seconds_text(0.9997), "1.0 s");
    EXPECT_EQ(seconds_text(0.0124), "12 ms");
    EXPECT_EQ(seconds_text(0), "0 ms");
}

}  // namespace
}  // namespace fil::cli
