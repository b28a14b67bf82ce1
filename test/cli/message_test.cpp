#include "os/message.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

TEST(message, is_one_line_that_says_whose_it_is) {
    EXPECT_EQ(message_line("hello"), "=fil-profile= hello\n");
    EXPECT_EQ(message_line("a\nb\033[31mc\x7f"), "=fil-profile= a?b?[31mc?\n");
    EXPECT_EQ(message_line("\xc3\xbc"), "=fil-profile= \xc3\xbc\n");
}

TEST(message, no_character_of_a_file_name_has_power_over_a_terminal) {
    EXPECT_EQ(message_line("a\u009b31mb\x9b"
                           "31mc\u0080"),
              "=fil-profile= a?31mb?31mc?\n");
    EXPECT_EQ(message_line("a\u202egpj.\u2066b\u200f\u061c\ufeff"), "=fil-profile= a?gpj.?b???\n");
    // Letters whose last byte would be one, and those of another character set.
    EXPECT_EQ(message_line("\u015b\u2192\U0001f41b\xfc"),
              "=fil-profile= \u015b\u2192\U0001f41b\xfc\n");
    EXPECT_EQ(message_line("\xe2\x80"), "=fil-profile= \xe2?\n");
}

}  // namespace
}  // namespace fil::cli
