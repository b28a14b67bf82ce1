#include "fil/report/scoped_name.hpp"

#include <gtest/gtest.h>

using namespace fil::report;

namespace {

// Its parts with a blank between them.
std::string parts_of(std::string_view name) {
    std::string all;
    for (const std::string& part : parts_of_scoped_name(name))
        all += (all.empty() ? "" : " ") + part;
    return all;
}

}  // namespace

TEST(scoped_name, a_plain_name_is_one_part) {
    for (const char* name :
         {"main", "read_csv", "<module>", "_start", "__main_MOD_solve", "f.cold"})
        EXPECT_EQ(parts_of(name), name[0] == '<' ? "<module>" : name);
    EXPECT_EQ(parts_of(""), "");
    EXPECT_EQ(parts_of("work(int)"), "work");
}

TEST(scoped_name, scopes_are_parts_without_arguments_and_types) {
    EXPECT_EQ(parts_of("int ns::table<std::pair<a, b> >::find<c>(c const&) const"),
              "ns:: table:: find");
    EXPECT_EQ(parts_of("std::vector<int, std::allocator<int> >::push_back(int&&)"),
              "std:: vector:: push_back");
    EXPECT_EQ(parts_of("unsigned long a::f<(b)3>(unsigned long (*)(int), char) [clone .cold]"),
              "a:: f");
    EXPECT_EQ(parts_of("a::f(int) const &"), "a:: f");
    EXPECT_EQ(parts_of("(anonymous namespace)::work(int)"), "(anonymous namespace):: work");
    EXPECT_EQ(parts_of("a::(anonymous namespace)::b::c()"), "a:: (anonymous namespace):: b:: c");
}

TEST(scoped_name, lambdas_and_what_is_inside_functions_are_parts) {
    EXPECT_EQ(parts_of("main::{lambda(int, a::b)#1}::operator()(int, a::b) const"),
              "main:: {lambda(int, a::b)#1}:: operator()");
    EXPECT_EQ(parts_of("a::f(int)::local::g()"), "a:: f:: local:: g");
    EXPECT_EQ(parts_of("core::ops::function::FnOnce::call_once{{vtable.shim}}"),
              "core:: ops:: function:: FnOnce:: call_once{{vtable.shim}}");
    EXPECT_EQ(parts_of("<alloc::vec::Vec<T> as core::clone::Clone>::clone"), "clone");
}

TEST(scoped_name, operators_keep_their_signs) {
    EXPECT_EQ(parts_of("a::operator<(b, b)"), "a:: operator<");
    EXPECT_EQ(parts_of("c& a::operator<< <char>(c&, char)"), "a:: operator<<");
    EXPECT_EQ(parts_of("a::operator->() const"), "a:: operator->");
    EXPECT_EQ(parts_of("a::f::operator()(int)"), "a:: f:: operator()");
    EXPECT_EQ(parts_of("operator new[](unsigned long)"), "operator new[]");
    EXPECT_EQ(parts_of("a::b::operator c::d() const"), "a:: b:: operator c::d");
    EXPECT_EQ(parts_of("a::operator_of(int)"), "a:: operator_of");
    EXPECT_EQ(parts_of("operator"), "operator");
}

// Whatever somebody calls a function: something is left of it, and it ends.
TEST(scoped_name, what_is_no_such_name_loses_nothing_but_brackets) {
    EXPECT_EQ(parts_of("f(((("), "f");
    EXPECT_EQ(parts_of("a::b<"), "a:: b");
    EXPECT_EQ(parts_of(">>)){}"), ">>)){}");
    EXPECT_EQ(parts_of("::::"), "::::");
    EXPECT_EQ(parts_of("(x)"), "(x)");
    EXPECT_EQ(parts_of("\xff::\xfe"), "\xff:: \xfe");
}
