#include "os/cold/folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"
#include "scratch_folder.hpp"

namespace fil::os {
namespace {

namespace fs = std::filesystem;

struct folders : testing::Test {
    const test::scratch_folder scratch;
    const folder here{scratch.path()};
};

std::vector<std::string> sorted(std::vector<std::string> names) {
    std::ranges::sort(names);
    return names;
}

TEST_F(folders, that_are_not_there_are_not_open_and_have_nothing) {
    for (const folder& none : {folder(), folder(scratch / "no"), here.below("no")}) {
        EXPECT_FALSE(none.is_open());
        EXPECT_FALSE(none.look());
        EXPECT_FALSE(none.lock());
        EXPECT_TRUE(none.names().empty());
        EXPECT_FALSE(none.make_folder("a", 0700));
        EXPECT_EQ(errno, EBADF);
    }
    scratch.write("file", "");
    EXPECT_FALSE(folder(scratch / "file").is_open());
    EXPECT_EQ(errno, ENOTDIR);
}

TEST_F(folders, links_are_followed_only_where_it_is_said) {
    ASSERT_TRUE(here.make_folder("a", 0700));
    ASSERT_TRUE(here.make_link("link", "a"));
    EXPECT_FALSE(folder(scratch / "link").is_open());
    EXPECT_FALSE(here.below("link").is_open());
    EXPECT_FALSE(here.below_to_enter("link").is_open());
    EXPECT_TRUE(here.follow_here("link").is_open());
    EXPECT_TRUE(folder::follow(scratch / "link").is_open());
    EXPECT_EQ(here.link_text("link"), "a");
    EXPECT_FALSE(here.link_text("a"));
}

TEST_F(folders, stay_what_was_opened_whatever_has_their_path) {
    ASSERT_TRUE(here.make_folder("a", 0700));
    const folder opened = here.below("a");
    ASSERT_TRUE(here.move("a", here, "b"));
    ASSERT_TRUE(here.make_folder("a", 0700));
    EXPECT_TRUE(opened.make_folder("inside", 0700));
    EXPECT_TRUE(fs::exists(scratch / "b/inside"));
    EXPECT_TRUE(fs::is_empty(scratch / "a"));
}

TEST_F(folders, list_what_is_in_them_each_time) {
    EXPECT_TRUE(here.names().empty());
    ASSERT_GE(here.make_file("file").number(), 0);
    ASSERT_TRUE(here.make_link("link", "nowhere"));
    ASSERT_TRUE(here.make_folder("a", 0700));
    const std::vector<std::string> all{"a", "file", "link"};
    EXPECT_EQ(sorted(here.names()), all);
    EXPECT_EQ(sorted(here.names()), all);
    EXPECT_TRUE(here.below_to_enter(".").is_open());
}

TEST_F(folders, make_only_what_is_new_and_remove_by_kind) {
    EXPECT_TRUE(write_and_close(here.make_file("file"), "text"));
    EXPECT_EQ(here.make_file("file").number(), -1);
    EXPECT_EQ(errno, EEXIST);
    ASSERT_TRUE(here.make_link("link", "elsewhere"));
    EXPECT_EQ(here.make_file("link").number(), -1);
    EXPECT_FALSE(here.make_link("file", "a"));
    ASSERT_TRUE(here.make_folder("a", 0750));
    EXPECT_FALSE(here.make_folder("a", 0700));
    EXPECT_FALSE(here.remove("a"));
    EXPECT_FALSE(here.remove_folder("file"));
    EXPECT_TRUE(here.below("a").make_file("inside").number() >= 0);
    EXPECT_FALSE(here.remove_folder("a"));
    EXPECT_EQ(errno, ENOTEMPTY);
    EXPECT_TRUE(here.below("a").remove("inside"));
    EXPECT_TRUE(here.remove_folder("a"));
    EXPECT_TRUE(here.remove("link"));
    EXPECT_TRUE(here.remove("file"));
    EXPECT_TRUE(here.names().empty());
}

TEST_F(folders, move_over_something_or_only_to_a_new_name) {
    scratch.write("a", "a");
    scratch.write("b", "b");
    ASSERT_TRUE(here.make_folder("there", 0700));
    const folder there = here.below_to_enter("there");
    EXPECT_FALSE(here.move_to_new("a", here, "b"));
    EXPECT_EQ(errno, EEXIST);
    EXPECT_TRUE(here.move_to_new("a", there, "c"));
    EXPECT_TRUE(here.move("b", there, "c"));
    EXPECT_EQ(test::text_of(scratch / "there/c"), "b");
    EXPECT_FALSE(here.move("b", there, "c"));
}

TEST_F(folders, tell_whose_they_are_and_how_old) {
    ASSERT_TRUE(here.make_folder("a", 0710));
    const timespec then[2] = {{1, 0}, {1'234'567'890, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, (scratch / "a").c_str(), then, 0), 0);
    const auto found = here.below_to_enter("a").look();
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->is_ours());
    EXPECT_EQ(found->permissions, 0710u);
    EXPECT_EQ(found->modified, 1'234'567'890);
    EXPECT_FALSE(found->is_link);
    owned others = *found;
    ++others.owner;
    EXPECT_FALSE(others.is_ours());
}

TEST_F(folders, are_locked_by_one_at_a_time) {
    {
        const folder first(scratch.path()), second(scratch.path());
        EXPECT_TRUE(first.lock());
        EXPECT_FALSE(second.lock());
    }
    EXPECT_TRUE(folder(scratch.path()).lock());
}

TEST_F(folders, know_sockets_and_a_short_path_to_them) {
    scratch.write("file", "");
    const file_descriptor door = make_listening_socket();
    ASSERT_TRUE(listen_at(door.number(), here.path_of("door")));
    ASSERT_TRUE(here.make_link("link", "door"));
    EXPECT_TRUE(here.has_socket("door"));
    EXPECT_TRUE(fs::exists(scratch / "door"));
    EXPECT_FALSE(here.has_socket("link"));
    EXPECT_FALSE(here.has_socket("file"));
    EXPECT_FALSE(here.has_socket("no"));
}

TEST_F(folders, a_held_link_is_what_it_was) {
    ASSERT_TRUE(here.make_link("link", "one"));
    const held_link held(here, "link");
    ASSERT_TRUE(here.remove("link"));
    ASSERT_TRUE(here.make_link("link", "other"));
    ASSERT_TRUE(held.is_there());
    EXPECT_EQ(held.text(), "one");
    EXPECT_TRUE(held.look()->is_link);
    EXPECT_FALSE(held_link(here, "no").is_there());
    scratch.write("file", "");
    const held_link file(here, "file");
    EXPECT_FALSE(file.look()->is_link);
    EXPECT_FALSE(file.text());
}

}  // namespace
}  // namespace fil::os
