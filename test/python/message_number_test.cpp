#include "message_number.hpp"

#include <gtest/gtest.h>

#include <string>

using fil::python::first_number_of_pickle;
using namespace std::string_literals;

namespace {

// pickle.dumps((7, 0, (True, b"xyz"))), protocol 4; of 300 and 70000 instead of 7 in the others.
TEST(message_number, of_a_tuple) {
    const std::string begin = "\x80\x04\x95\x10\0\0\0\0\0\0\0"s;
    EXPECT_EQ(first_number_of_pickle(begin + "K\x07K\0\x88"s), 7u);
    EXPECT_EQ(first_number_of_pickle(begin + "M,\x01K\0\x88"s), 300u);
    EXPECT_EQ(first_number_of_pickle(begin + "Jp\x11\x01\0K\0\x88"s), 70000u);
    EXPECT_EQ(first_number_of_pickle("\x80\x02K\x07K\0\x88"s), 7u);
}

// An object whose first attribute is work_id, as concurrent.futures sends it.
TEST(message_number, of_an_object) {
    const std::string item =
        "\x8c\x1a"s +
        "concurrent.futures.process\x94\x8c\x0b_ResultItem\x94\x93\x94)\x81\x94}\x94(";
    EXPECT_EQ(first_number_of_pickle("\x80\x04\x95\x6b\0\0\0\0\0\0\0"s + item +
                                     "\x8c\x07work_id\x94M,\x01\x8c\x09"s + "exception\x94N"),
              300u);
    EXPECT_EQ(
        first_number_of_pickle("\x80\x02"s + "cconcurrent.futures.process\n_ResultItem\nq\0"s +
                               ")\x81q\x01}q\x02(X\x07\0\0\0work_idq\x03K\x05"s),
        5u);
}

TEST(message_number, is_never_one_of_the_users) {
    EXPECT_FALSE(first_number_of_pickle("\x80\x04]\x94(K\x07"s));  // a list
    EXPECT_FALSE(first_number_of_pickle("\x80\x04\x95\0\0\0\0\0\0\0\0C\x02K\x07.K\x01"s));  // bytes
    EXPECT_FALSE(first_number_of_pickle("K\x07"s));  // no pickle
    EXPECT_FALSE(first_number_of_pickle(""s));
}

TEST(message_number, of_every_beginning_of_a_message_is_nothing) {
    const std::string whole =
        "\x80\x04\x95\x6b\0\0\0\0\0\0\0\x8c\x03moo\x94X\x02\0\0\0abcx\ny\nJ\1\2\3\4"s;
    ASSERT_EQ(first_number_of_pickle(whole), 0x04030201u);
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_FALSE(first_number_of_pickle(std::string_view(whole).substr(0, length))) << length;
}

TEST(message_number, is_not_looked_for_in_long_texts) {
    EXPECT_FALSE(first_number_of_pickle("\x80\x04X\xff\xff\xff\xffK\x01"s));
    EXPECT_FALSE(first_number_of_pickle("\x80\x04"s + std::string(600, '(') + "K\x01"));
}

}  // namespace
