#include "fil/report/markup.hpp"

#include <gtest/gtest.h>

namespace fil::report {
namespace {

TEST(markup, escapes_what_markup_means) {
    EXPECT_EQ(escaped("a < b && \"c\" > ']]>'"), "a &lt; b &amp;&amp; &quot;c&quot; &gt; ']]&gt;'");
}

TEST(markup, keeps_letters_of_every_script) {
    EXPECT_EQ(escaped("größe שלום 記憶 🧠"), "größe שלום 記憶 🧠");
}

TEST(markup, spells_out_what_turns_text_around) {
    EXPECT_EQ(escaped("x\u202egpj.exe"), "x\\u202egpj.exe");
    EXPECT_EQ(escaped(std::string_view("\0\x1b\n", 3)), "\\u0000\\u001b\\u000a");
}

TEST(markup, replaces_what_is_not_utf_8) {
    EXPECT_EQ(escaped("a\xff"
                      "b"),
              "a\ufffdb");
    EXPECT_EQ(escaped("\xe2\x82"), "\ufffd");                  // cut short
    EXPECT_EQ(escaped("\xc0\xaf"), "\ufffd\ufffd");            // overlong '/'
    EXPECT_EQ(escaped("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");  // a surrogate
    EXPECT_EQ(escaped("\xf5\x80\x80\x80"), "\ufffd\ufffd\ufffd\ufffd");
    EXPECT_EQ(escaped("\xe2<b>"), "\ufffd&lt;b&gt;");  // the next character survives
}

}  // namespace
}  // namespace fil::report
