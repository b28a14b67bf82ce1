#include "fil/report/paths.hpp"

#include <gtest/gtest.h>

using namespace fil::report;

TEST(paths, are_made_absolute_from_the_directory_the_program_was_in) {
    EXPECT_EQ(absolute_path("x.py", "/home/ada"), "/home/ada/x.py");
    EXPECT_EQ(absolute_path("../x.py", "/home/ada"), "/home/x.py");
    EXPECT_EQ(absolute_path("/tmp/./x.py", "/home/ada"), "/tmp/x.py");
    EXPECT_EQ(absolute_path("/a//x.py", ""), "/a/x.py");
    EXPECT_EQ(absolute_path("x.py", ""), "x.py");
    EXPECT_EQ(absolute_path("./x.py", ""), "x.py");
    EXPECT_EQ(absolute_path("", "/home/ada"), "");
}

TEST(paths, below_compares_whole_names) {
    EXPECT_EQ(below("/usr/lib/python3/x.py", "/usr/lib/python3"), "x.py");
    EXPECT_EQ(below("/usr/lib/python3/a/x.py", "/usr/lib/python3/"), "a/x.py");
    EXPECT_EQ(below("/usr/lib/python3.11/x.py", "/usr/lib/python3"), "");
    EXPECT_EQ(below("/x.py", "/"), "x.py");
    EXPECT_EQ(below("/x.py", ""), "");
    EXPECT_EQ(below("/a", "/a"), "");
}

TEST(paths, a_base_name_is_what_follows_the_last_slash) {
    EXPECT_EQ(base_name("/a/b.py"), "b.py");
    EXPECT_EQ(base_name("b.py"), "b.py");
    EXPECT_EQ(base_name("/a/"), "");
}

TEST(paths, pseudo_files_stand_between_angle_brackets) {
    EXPECT_TRUE(is_pseudo_file("<stdin>"));
    EXPECT_FALSE(is_pseudo_file("<"));
    EXPECT_FALSE(is_pseudo_file("<a>/x.py"));
}
