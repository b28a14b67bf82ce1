#include "os/terminal_look.hpp"

#include <gtest/gtest.h>

#include <map>

namespace fil::cli {
namespace {

using variables = std::map<std::string, std::string>;

terminal_look look(bool is_terminal, unsigned columns, variables set) {
    return look_of(is_terminal, columns, [&](const std::string& name) { return set[name]; });
}

TEST(terminal_look, is_coloured_on_a_terminal_only) {
    EXPECT_EQ(look(true, 80, {{"TERM", "xterm"}}).is, FIL_ANSWER_COLOURED);
    EXPECT_EQ(look(false, 80, {{"TERM", "xterm"}}).is, 0u);
    EXPECT_EQ(look(true, 80, {{"TERM", "dumb"}}).is, 0u);
    EXPECT_EQ(look(true, 80, {}).is, 0u);
}

TEST(terminal_look, keeps_no_color) {
    EXPECT_EQ(look(true, 80, {{"TERM", "xterm"}, {"NO_COLOR", "1"}}).is, 0u);
    EXPECT_EQ(look(true, 80, {{"TERM", "xterm"}, {"NO_COLOR", ""}}).is, FIL_ANSWER_COLOURED);
}

TEST(terminal_look, has_80_columns_or_fewer) {
    EXPECT_EQ(look(false, 0, {}).columns, 80u);
    EXPECT_EQ(look(true, 0, {}).columns, 80u);
    EXPECT_EQ(look(true, 200, {}).columns, 80u);
    EXPECT_EQ(look(true, 52, {}).columns, 52u);
    EXPECT_EQ(look(true, 1, {}).columns, 20u);
}

TEST(terminal_look, has_all_columns_of_a_terminal_for_who_wants_them) {
    const auto none = [](const std::string&) { return std::string(); };
    EXPECT_EQ(look_of(true, 200, none, 1000).columns, 200u);
    EXPECT_EQ(look_of(false, 200, none, 1000).columns, 80u);
}

TEST(terminal_look, is_ascii_where_the_locale_names_another_character_set) {
    const auto is = [](variables set) { return look(false, 0, std::move(set)).is; };
    EXPECT_EQ(is({{"LANG", "de_DE.ISO-8859-1@euro"}}), FIL_ANSWER_ASCII);
    EXPECT_EQ(is({{"LANG", "de_DE.utf8"}}), 0u);
    EXPECT_EQ(is({{"LC_ALL", "C.UTF-8"}, {"LANG", "ja_JP.eucJP"}}), 0u);
    EXPECT_EQ(is({{"LC_CTYPE", "ja_JP.eucJP"}, {"LANG", "C.UTF-8"}}), FIL_ANSWER_ASCII);
    EXPECT_EQ(is({{"LC_ALL", "C"}}), 0u);
    EXPECT_EQ(is({}), 0u);
}

}  // namespace
}  // namespace fil::cli
