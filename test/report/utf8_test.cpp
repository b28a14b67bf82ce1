#include "fil/report/utf8.hpp"

#include <gtest/gtest.h>

using fil::report::utf8_prefix;
using fil::report::valid_utf8;

TEST(utf8, valid_text_stays_byte_for_byte) {
    const std::string text = "x = 'é שלום \U0001F600 \uFFFD'\n\t";
    EXPECT_EQ(valid_utf8(text), text);
}

TEST(utf8, each_ill_formed_part_becomes_one_replacement) {
    EXPECT_EQ(valid_utf8("a\xFFz"), "a\uFFFDz");
    EXPECT_EQ(valid_utf8("a\x80\x80z"), "a\uFFFD\uFFFDz");
    EXPECT_EQ(valid_utf8("caf\xE9 au lait"), "caf\uFFFD au lait");  // Latin-1
    EXPECT_EQ(valid_utf8("\xF0\x9F\x98"), "\uFFFD");                // cut short
    EXPECT_EQ(valid_utf8("\xF0\x9F\x98z"), "\uFFFDz");
}

TEST(utf8, overlong_forms_surrogates_and_what_is_beyond_unicode_are_ill_formed) {
    EXPECT_EQ(valid_utf8("\xC0\xAF"), "\uFFFD\uFFFD");
    EXPECT_EQ(valid_utf8("\xE0\x80\xAF"), "\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(valid_utf8("\xED\xB3\xBF"), "\uFFFD\uFFFD\uFFFD");  // Python's escaped byte 0xFF
    EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(utf8, a_step_knows_the_character) {
    EXPECT_EQ(fil::report::next_utf8("é").code, U'é');
    EXPECT_EQ(fil::report::next_utf8("\U0010FFFFx").code, U'\U0010FFFF');
    EXPECT_EQ(fil::report::next_utf8("\U0010FFFFx").bytes, 4u);
}

TEST(utf8, a_prefix_cuts_no_character) {
    EXPECT_EQ(utf8_prefix("aéz", 10), "aéz");
    EXPECT_EQ(utf8_prefix("aéz", 3), "aé");
    EXPECT_EQ(utf8_prefix("aéz", 2), "a");
    EXPECT_EQ(utf8_prefix("\U0001F600", 3), "");
}
