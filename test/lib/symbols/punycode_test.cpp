#include "symbols/punycode.hpp"

#include <gtest/gtest.h>

namespace {

using namespace fil;

TEST(punycode, characters_stand_where_they_belong) {
    std::string text = "le ";
    EXPECT_TRUE(append_punycode(text, "garon_0ra"));
    EXPECT_EQ(text, "le garçon");
    text.clear();
    EXPECT_TRUE(append_punycode(text, "_ls8h"));  // nothing of it is ASCII
    EXPECT_EQ(text, "💩");
    text.clear();
    EXPECT_TRUE(append_punycode(text, "r8jz45g"));  // and no mark
    EXPECT_EQ(text, "例え");
}

TEST(punycode, what_is_none_adds_nothing) {
    std::string text = "x";
    for (const char* none :
         {"garon_0rA", "garon_0", "garon_999999999", "_zzzzzzzzzzzzzzz", "ib9b", "zy0c"})
        EXPECT_FALSE(append_punycode(text, none)) << none;
    EXPECT_EQ(text, "x");
}

TEST(punycode, a_character_is_written_as_utf_8) {
    std::string text;
    for (const char32_t one : U"aé€😀") {
        if (one != 0) append_character(text, one);
    }
    for (const std::uint32_t none : {0x110000u, 0xd800u, 0xdfffu}) append_character(text, none);
    EXPECT_EQ(text, "aé€😀");
}

}  // namespace
