#include "symbols/rust_name.hpp"

#include <gtest/gtest.h>

namespace fil {
namespace {

std::string name(std::string_view mangled) {
    return rust_name(mangled).value_or("none");
}

TEST(rust_name, paths_of_v0) {
    EXPECT_EQ(name("_RNvC6_123foo3bar"), "123foo::bar");
    EXPECT_EQ(name("_RNvNtNtCs92dm3009vxr_4rand4rngs7adapter4fork.0.0"),
              "rand::rngs::adapter::fork");
    EXPECT_EQ(name("_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_"), "cc::spawn::{closure#0}::{closure#0}");
    EXPECT_EQ(name("_RC3foo.llvm.9D1C9369"), "foo");
}

TEST(rust_name, types_and_constants_of_v0) {
    EXPECT_EQ(name("_RNCINkXs25_NgCsbmNqQUJIY6D_4core5sliceINyB9_4IterhENuNgNoBb_"
                   "4iter8iterator8Iterator9rpositionNCNgNpB9_6memchr7memrchrs_0E0Bb_"),
              "<core::slice::Iter<u8> as core::iter::iterator::Iterator>::rposition::"
              "<core::slice::memchr::memrchr::{closure#1}>::{closure#0}");
    EXPECT_EQ(name("_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_"
                   "ECs1iopQbuBiw2_3std"),
              "alloc::alloc::box_free::<dyn alloc::boxed::FnBox<(), Output = ()>>");
    EXPECT_EQ(name("_RMC0INtC8arrayvec8ArrayVechKj7b_E"), "<arrayvec::ArrayVec<u8, 123>>");
    EXPECT_EQ(name("_RMC0INtC1a1bKanb_Kb0_Kc76_Kca_E"), "<a::b<-11, false, 'v', '\\xa'>>");
    EXPECT_EQ(name("_RINvC1a1fFG_RL0_hEuE"), "a::f::<for<'a> fn(&'a u8)>");
    EXPECT_EQ(name("_RINvC1a1fFUKCjEmE"), "a::f::<unsafe extern \"C\" fn(usize) -> u32>");
    EXPECT_EQ(name("_RINvC1a1fTjEAhj3_SbOePlQcE"),
              "a::f::<(usize,), [u8; 3], [bool], *mut str, *const i32, &mut char>");
}

TEST(rust_name, letters_that_are_not_ascii) {
    EXPECT_EQ(name("_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y"),
              "utf8_idents::საჭმელად_გემრიელი_სადილი");
}

TEST(rust_name, the_mangling_before_v0_is_known_too) {
    EXPECT_EQ(name("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE"),
              "core::fmt::Write::write_fmt");
}

TEST(rust_name, other_names_are_none) {
    for (const char* other :
         {"main", "_ZN3foo3barE", "_R", "_RNvC1a", "_RNvC1aF", "_RB_", "_RIB_E",
          "_RNvMNtCs7cgkj8c6VUL_4core3fmt9Formatter", "_RNvC9999999999999999999999a1b"}) {
        EXPECT_EQ(name(other), "none") << other;
    }
}

// Each part refers to the one before, twice.
TEST(rust_name, one_that_would_be_endless_is_none) {
    std::string mangled = "_RINvC1a1f";
    std::string last = "h";
    for (int i = 0; i < 40; ++i) {
        const std::size_t at = mangled.size() - 2;
        mangled += "T" + last + last + "E";
        std::string digits;
        std::size_t number = at - 1;
        do {
            const std::size_t digit = number % 62;
            digits.insert(digits.begin(), static_cast<char>(digit < 10   ? '0' + digit
                                                            : digit < 36 ? 'a' + digit - 10
                                                                         : 'A' + digit - 36));
        } while ((number /= 62) != 0);
        last = "B" + digits + "_";
    }
    EXPECT_EQ(name(mangled + "E"), "none");
}

}  // namespace
}  // namespace fil
