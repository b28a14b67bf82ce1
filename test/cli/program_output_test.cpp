#include "live/program_output.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

using lines = std::vector<std::string>;

TEST(last_lines, are_what_a_terminal_would_show) {
    EXPECT_EQ(last_lines_of("one\ntwo\n", 5), (lines{"one", "two"}));
    EXPECT_EQ(last_lines_of("one\r\ntwo", 5), (lines{"one", "two"}));
    EXPECT_EQ(last_lines_of(" 10 %\r 20 %\r 30 %", 5), (lines{" 30 %"}));
    EXPECT_EQ(last_lines_of("a\tb\033[31mred\033[0m\033]0;title\007!", 5), (lines{"a bred!"}));
    EXPECT_EQ(last_lines_of("ab\b\bc", 5), (lines{"c"}));
    EXPECT_EQ(last_lines_of("1\n2\n3\n", 2), (lines{"2", "3"}));
    EXPECT_EQ(last_lines_of("", 2), lines{});
}

TEST(last_lines, of_half_an_escape_are_not_harmed) {
    for (const char* text : {"x\033", "x\033[", "x\033[3", "x\033]0;a", "x\033("})
        EXPECT_EQ(last_lines_of(text, 2), (lines{"x"})) << text;
}

}  // namespace
}  // namespace fil::cli
