#include "os/cold/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string>

#include "checking_child.hpp"
#include "scratch_folder.hpp"

namespace fil::os {
namespace {

using test::text_of;
namespace fs = std::filesystem;

struct files : testing::Test {
    const test::scratch_folder folder;
};

void limit_files(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
}

TEST_F(files, a_private_one_is_new_and_nobody_elses) {
    const mode_t before = umask(0);
    EXPECT_TRUE(write_and_close(make_private_file(folder / "a"), "text"));
    umask(before);
    EXPECT_EQ(text_of(folder / "a"), "text");
    EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms(0600));
    EXPECT_EQ(make_private_file(folder / "a").number(), -1);
    EXPECT_EQ(errno, EEXIST);
    fs::create_symlink("nowhere", folder / "link");
    EXPECT_EQ(make_private_file(folder / "link").number(), -1);
    EXPECT_EQ(text_of(folder / "a"), "text");
}

TEST_F(files, one_made_anew_is_emptied_and_what_is_no_plain_file_is_left_alone) {
    EXPECT_TRUE(write_and_close(make_file_anew(folder / "a"), "a long text"));
    EXPECT_TRUE(write_and_close(make_file_anew(folder / "a"), "short"));
    EXPECT_EQ(text_of(folder / "a"), "short");
    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(make_file_anew(folder / "pipe").number(), -1) << "nobody reads there";
    const file_descriptor reads = open_to_read(folder / "pipe");
    ASSERT_GE(reads.number(), 0) << "and nobody writes";
    EXPECT_EQ(make_file_anew(folder / "pipe").number(), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(make_file_anew("/dev/null").number(), -1);
    EXPECT_EQ(make_file_anew(folder.path()).number(), -1);
    EXPECT_EQ(make_file_anew(folder / "no/such").number(), -1);
    EXPECT_EQ(errno, ENOENT);
}

TEST_F(files, get_other_names_and_go) {
    folder.write("a", "a");
    folder.write("b", "b");
    EXPECT_TRUE(rename_file(folder / "a", folder / "b"));
    EXPECT_EQ(text_of(folder / "b"), "a");
    EXPECT_FALSE(rename_file(folder / "a", folder / "b"));
    EXPECT_EQ(errno, ENOENT);
    fs::create_directory(folder / "full");
    fs::create_directory_symlink("full", folder / "link");
    remove_folder(folder / "link");
    folder.write("full/c", "c");
    remove_folder(folder / "full");
    remove_file(folder / "b");
    EXPECT_TRUE(fs::exists(folder / "link/c"));
    EXPECT_FALSE(fs::exists(folder / "b"));
}

TEST_F(files, facts_are_of_what_a_link_leads_to) {
    folder.write("a", "text");
    ASSERT_EQ(symlink("a", (folder / "link").c_str()), 0);
    const timespec then[2] = {{1'000'000'000, 0}, {1'234'567'890, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, (folder / "a").c_str(), then, 0), 0);
    const auto facts = facts_of(folder / "link");
    ASSERT_TRUE(facts);
    EXPECT_TRUE(facts->is_regular);
    EXPECT_EQ(facts->bytes, 4u);
    EXPECT_EQ(facts->modified, 1'234'567'890);
    EXPECT_FALSE(facts_of(folder.path())->is_regular);
    EXPECT_FALSE(facts_of(folder / "b"));
    EXPECT_FALSE(facts_of(-1));
    EXPECT_EQ(errno, EBADF);
}

TEST_F(files, are_read_at_a_place_as_far_as_they_go) {
    const file_descriptor file = open_to_read(folder.write("a", "0123456789"));
    char text[16];
    EXPECT_EQ(read_at(file.number(), text, 4, 3), 4);
    EXPECT_EQ(std::string(text, 4), "3456");
    EXPECT_EQ(read_at(file.number(), text, sizeof text, 8), 2);
    EXPECT_EQ(read_at(file.number(), text, sizeof text, 100), 0);
    EXPECT_EQ(read_at(-1, text, sizeof text, 0), -1);
    EXPECT_EQ(read_at(open_to_read(folder.path()).number(), text, sizeof text, 0), -1);
    EXPECT_EQ(open_to_read(folder / "b").number(), -1);
}

// The kernel gives a few lines of this one at once.
TEST_F(files, are_read_whole_although_the_system_gives_less_at_once) {
    const file_descriptor file = open_to_read("/proc/self/smaps");
    std::string text(1 << 20, '\0');
    ASSERT_LT(pread(file.number(), text.data(), text.size(), 0), 8192);
    const std::int64_t all = read_at(file.number(), text.data(), text.size(), 0);
    EXPECT_GT(all, 8192);
    EXPECT_EQ(read_at(file.number(), text.data(), text.size(), static_cast<std::uint64_t>(all)), 0);
}

TEST_F(files, are_written_at_a_place_all_of_it_or_it_failed) {
    const file_descriptor file = make_private_file(folder / "a");
    EXPECT_TRUE(write_at(file.number(), "text", 4, 2));
    EXPECT_EQ(text_of(folder / "a"), std::string("\0\0text", 6));
    EXPECT_FALSE(write_at(-1, "text", 4, 0));
    EXPECT_EQ(status_of_child([&] {
                  limit_files(100);
                  const std::string text(200, 'x');
                  HOLDS(1, write_at(file.number(), text.data(), 100, 0));
                  HOLDS(2, !write_at(file.number(), text.data(), 200, 0) && errno == EFBIG);
                  HOLDS(3, !write_and_close(make_private_file(folder / "b"), text));
                  HOLDS(4, errno == EFBIG);
              }),
              0);
    EXPECT_FALSE(write_and_close(file_descriptor(), "text"));
    EXPECT_FALSE(write_and_close(file_descriptor(open("/dev/full", O_WRONLY)), "text"));
    EXPECT_EQ(errno, ENOSPC);
}

TEST_F(files, have_holes_and_data) {
    const file_descriptor file = make_file_in_memory();
    std::uint64_t start = 0, end = 0;
    EXPECT_FALSE(next_data(file.number(), 0, start, end));
    ASSERT_TRUE(set_length(file.number(), 1 << 20));
    EXPECT_FALSE(next_data(file.number(), 0, start, end));
    ASSERT_TRUE(write_at(file.number(), "x", 1, 5 * 4096));
    ASSERT_TRUE(next_data(file.number(), 0, start, end));
    EXPECT_EQ(start, 5u * 4096);
    EXPECT_EQ(end, 6u * 4096);
    ASSERT_TRUE(next_data(file.number(), 5 * 4096 + 7, start, end));
    EXPECT_EQ(start, 5u * 4096 + 7);
    EXPECT_FALSE(next_data(file.number(), end, start, end));
    EXPECT_FALSE(set_length(-1, 1));
}

TEST_F(files, have_more_than_one_number) {
    file_descriptor one = make_file_in_memory();
    const file_descriptor two = duplicate(one.number());
    EXPECT_NE(one.number(), two.number());
    EXPECT_NE(fcntl(two.number(), F_GETFD) & FD_CLOEXEC, 0);
    one = file_descriptor();
    EXPECT_TRUE(write_at(two.number(), "x", 1, 0));
    EXPECT_EQ(duplicate(-1).number(), -1);
}

TEST_F(files, that_are_mapped_are_allowed_for) {
    EXPECT_EQ(status_of_child([&] {
                  const file_descriptor file = make_file_in_memory();
                  set_length(file.number(), 1 << 20);
                  rlimit limit{1 << 30, (1 << 30) + (1 << 19)};
                  HOLDS(1, setrlimit(RLIMIT_DATA, &limit) == 0);
                  allow_for_mapping(-1);
                  HOLDS(2, getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur == 1 << 30);
                  allow_for_mapping(file.number());
                  getrlimit(RLIMIT_DATA, &limit);
                  HOLDS(3, limit.rlim_cur == limit.rlim_max);
              }),
              0);
}

}  // namespace
}  // namespace fil::os
