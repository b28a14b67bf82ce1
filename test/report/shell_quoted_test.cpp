#include "fil/report/shell_quoted.hpp"

#include <gtest/gtest.h>

#include <vector>

using fil::report::shell_quoted;

TEST(shell_quoted, plain_words_stay_as_they_are) {
    EXPECT_EQ(shell_quoted("flights.py"), "flights.py");
    EXPECT_EQ(shell_quoted("--year=2013"), "--year=2013");
}

TEST(shell_quoted, what_a_shell_would_read_is_quoted) {
    EXPECT_EQ(shell_quoted(""), "''");
    EXPECT_EQ(shell_quoted("a b"), "'a b'");
    EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_quoted("$HOME;`ls`\n"), "'$HOME;`ls`\n'");
    EXPECT_EQ(shell_quoted("caf\xE9"), "'caf\xE9'");
}

TEST(shell_quoted, letters_of_any_script_are_no_reason_to) {
    EXPECT_EQ(shell_quoted("données.py"), "données.py");
    EXPECT_EQ(shell_quoted("数据/שלום.py"), "数据/שלום.py");
    EXPECT_EQ(shell_quoted("mes données.py"), "'mes données.py'");
}

TEST(shell_quoted, arguments_are_joined_by_spaces) {
    EXPECT_EQ(shell_quoted(std::vector<std::string>{"a", "b c", ""}), "a 'b c' ''");
    EXPECT_EQ(shell_quoted(std::vector<std::string>{}), "");
    EXPECT_EQ(shell_quoted(std::vector<std::string>{"", "a"}), "'' a");
}
