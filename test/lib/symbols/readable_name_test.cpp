#include "symbols/readable_name.hpp"

#include <gtest/gtest.h>

namespace fil {
namespace {

TEST(readable_name, what_containers_have_by_default_is_left_out) {
    EXPECT_EQ(readable_name("std::vector<int, std::allocator<int> >::reserve(unsigned long)"),
              "std::vector<int>::reserve(unsigned long)");
    EXPECT_EQ(readable_name("std::map<std::__cxx11::basic_string<char, std::char_traits<char>, "
                            "std::allocator<char> >, int, std::less<std::string>, "
                            "std::allocator<std::pair<std::string const, int> > >::at()"),
              "std::map<std::string, int>::at()");
    EXPECT_EQ(readable_name("f(std::basic_string_view<char, std::char_traits<char> >, "
                            "std::basic_ostream<wchar_t, std::char_traits<wchar_t> >&)"),
              "f(std::string_view, std::basic_ostream<wchar_t>&)");
    EXPECT_EQ(readable_name("f(std::unique_ptr<a, std::default_delete<a> >&&)"),
              "f(std::unique_ptr<a>&&)");
}

TEST(readable_name, what_somebody_chose_is_not) {
    for (const char* name : {
             "mine<int, std::allocator<int>>::f()",
             "std::vector<int, pool<int>>::f()",
             "std::map<int, std::allocator<int>, std::greater<int>>::f()",
         }) {
        EXPECT_EQ(readable_name(name), name);
    }
}

TEST(readable_name, brackets_that_are_none) {
    for (const char* name : {
             "a::operator<(b<int> const&)",
             "std::operator<< <char>(std::ostream&)",
             "operator<=>(a, b)",
             "a::operator->() const",
             "b<int>::operator>>(c)",
             "main::{lambda(int)#1}::operator()(int) const",
             "<core::slice::Iter<u8> as core::iter::Iterator>::position::<f::{closure#1}>",
             "f::<fn(usize) -> u32>",
             "(anonymous namespace)::f(int)",
             "unbalanced<int",
             "unbalanced>(int)",
             "",
         }) {
        EXPECT_EQ(readable_name(name), name);
    }
}

TEST(readable_name, arguments_to_a_depth) {
    const char* name = "a<b<c<d>, e>, f>::g<h>(i<j>)";
    EXPECT_EQ(readable_name(name, 3), name);
    EXPECT_EQ(readable_name(name, 1), "a<b<…>, f>::g<h>(i<j>)");
    EXPECT_EQ(readable_name(name, 0), "a<…>::g<…>(i<…>)");
}

TEST(readable_name, long_ones_are_cut_and_told_apart) {
    std::string nested = "x";
    for (int i = 0; i < 200; ++i) nested = "pair<" + nested + ", y>";
    readable_names names;
    const std::string first = names.of("go<" + nested + ">(int)");
    EXPECT_LE(first.size(), readable_names::longest);
    EXPECT_TRUE(first.starts_with("go<pair<")) << first;
    EXPECT_TRUE(first.ends_with("(int)")) << first;
    EXPECT_EQ(names.of("go<pair<" + nested + ", y> >(int)"), first + " #2");
    EXPECT_EQ(names.of("go<" + nested + ">(int)"), first);
    EXPECT_LT(names.of(std::string(10'000, 'a') + "<" + std::string(10'000, 'b') + ">").size(),
              600u);
}

}  // namespace
}  // namespace fil
