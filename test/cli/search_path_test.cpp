#include "os/search_path.hpp"

#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

class search_path : public test::in_temporary_directory {};

TEST_F(search_path, finds_the_first_executable_file) {
    std::filesystem::create_directories("a/tool");  // a directory of that name is no command
    std::filesystem::create_directories("b");
    std::filesystem::create_directories("c");
    write("b/tool", "no x bit");
    write("c/tool", "#!/bin/sh\n", true);
    EXPECT_EQ(find_on_path("tool", here("a") + ":" + here("b") + ":" + here("c")), here("c/tool"));
    EXPECT_EQ(find_on_path("tool", here("a")), "");
    EXPECT_EQ(find_on_path("c/tool", here()), "");
    EXPECT_EQ(find_on_path("", here("c")), "");
}

TEST_F(search_path, an_empty_element_is_the_working_directory) {
    write("tool", "", true);
    EXPECT_EQ(find_on_path("tool", ""), "./tool");
    EXPECT_EQ(find_on_path("tool", "/nowhere:"), "./tool");
    EXPECT_EQ(find_on_path("tool", ":/nowhere"), "./tool");
    EXPECT_EQ(find_on_path("tool", "/nowhere"), "");
}

TEST_F(search_path, names_are_made_absolute_without_following_links) {
    write("file", "");
    std::filesystem::create_symlink("file", "link");
    EXPECT_EQ(absolute("link"), here("link"));
    EXPECT_EQ(absolute("x/../link"), here("link"));
    EXPECT_EQ(absolute("/a/b"), "/a/b");
    EXPECT_EQ(base_name("/a/b"), "b");
    EXPECT_EQ(base_name("b"), "b");
}

}  // namespace
}  // namespace fil::cli
