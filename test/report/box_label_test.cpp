#include "fil/report/box_label.hpp"

#include <gtest/gtest.h>

namespace fil::report {
namespace {

const box_label label = {"read_csv", "pandas/io/parsers/readers.py", 1026};

TEST(box_label, is_whole_where_there_is_room) {
    EXPECT_EQ(cut_label(label, 100), "read_csv  pandas/io/parsers/readers.py:1026");
}

TEST(box_label, cuts_the_path_at_its_front_by_folders) {
    EXPECT_EQ(cut_label(label, 40), "read_csv  …/io/parsers/readers.py:1026");
    EXPECT_EQ(cut_label(label, 28), "read_csv  …/readers.py:1026");
}

TEST(box_label, never_cuts_the_function_or_the_line) {
    EXPECT_EQ(cut_label(label, 26), "read_csv  :1026");
    EXPECT_EQ(cut_label(label, 14), "read_csv");
    EXPECT_EQ(cut_label(label, 7), "");
}

TEST(box_label, a_frame_without_place_is_its_name) {
    EXPECT_EQ(cut_label({"[No Python stack]", "", 0}, 40), "[No Python stack]");
}

TEST(box_label, wide_characters_take_two_cells) {
    EXPECT_EQ(cells("記憶"), 4u);
    EXPECT_EQ(cut_label({"記憶", "", 0}, 3), "");
}

}  // namespace
}  // namespace fil::report
