#include "symbols/rust_legacy_name.hpp"

#include <gtest/gtest.h>

namespace fil {
namespace {

std::string name(const std::string& mangled) {
    return rust_legacy_name(mangled).value_or("none");
}
// Of one part of a path.
std::string part(const std::string& text) {
    return name("_ZN" + std::to_string(text.size()) + text + "17h930b740aa94f1d3aE");
}

TEST(rust_legacy_name, is_a_path_without_its_hash) {
    EXPECT_EQ(name("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE"),
              "core::fmt::Write::write_fmt");
    EXPECT_EQ(name("_ZN3foo17h05af221e174051e9E.llvm.123"), "foo");
    EXPECT_EQ(name("_ZN3foo17h05af221e174051e917h930b740aa94f1d3aE"), "foo::h05af221e174051e9");
}

TEST(rust_legacy_name, has_signs_in_dollars_and_points_for_colons) {
    EXPECT_EQ(name("_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$"
                   "3bar17h930b740aa94f1d3aE"),
              "<Test + 'static as foo::Bar<Test>>::bar");
    EXPECT_EQ(part("$RF$$BP$$SP$$LP$$C$$RP$"), "&*@(,)");
    EXPECT_EQ(part("$u7b$$u7b$closure$u7d$$u7d$"), "{{closure}}");
    EXPECT_EQ(part("_$u5b$T$u5d$"), "[T]");
    EXPECT_EQ(part("$ue9$$u1f980$"), "\xc3\xa9\xf0\x9f\xa6\x80");
}

TEST(rust_legacy_name, what_is_no_sign_stays_as_it_is_written) {
    for (const char* text : {"a.b", "$", "$$", "$XY$", "$u$", "$u2", "$uxy$", "$u20x$", "$u0$",
                             "$ua$", "$u100000020$", "_a", "a$", "a$ud800$b$u110000$c"})
        EXPECT_EQ(part(text), text);
}

TEST(rust_legacy_name, other_names_are_none) {
    for (const char* other :
         {"", "_ZN", "_ZNE", "main", "_Z3foov", "_ZN3std6vectorIiE", "_ZN3foo3barE",
          "_ZN17h930b740aa94f1d3aE", "_ZN3foo17h930b740aa94f1d3a", "_ZN3foo17h930b740aa94f1d3aEv",
          "_ZN3foo17g930b740aa94f1d3aE", "_ZN3foo17h930b740aa94f1d3AE",
          "_ZN3foo16h930b740aa94f1d3E", "_ZN3foo18h930b740aa94f1d3aE",
          "_ZN99999999999999999999999a17hE", "_ZN-3foo17h930b740aa94f1d3aE"})
        EXPECT_EQ(name(other), "none") << other;
}

}  // namespace
}  // namespace fil
