#include "os/recording_files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "checking_child.hpp"
#include "dead_process.hpp"
#include "os/file_descriptor.hpp"
#include "os/os.hpp"
#include "os/refused_call.hpp"
#include "refused_calls.hpp"
#include "scratch_folder.hpp"

namespace fil::os {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t page = 4096;

struct recording_files : testing::Test {
    const test::scratch_folder folder;
    const std::string path = folder / "file";
};

TEST_F(recording_files, are_made_where_nothing_has_the_name) {
    const file_descriptor file(make_file(path.c_str(), 3 * page));
    ASSERT_GE(file.number(), 0);
    EXPECT_EQ(file_bytes(file.number()), 3 * page);
    EXPECT_EQ(fs::status(path).permissions(), fs::perms(0600));
    EXPECT_EQ(make_file(path.c_str(), page), -1);
    EXPECT_EQ(last_refusal(), make_refusal(SYS_openat, EEXIST));
    EXPECT_EQ(file_bytes(file_descriptor(open_file(path.c_str())).number()), 3 * page);
    EXPECT_EQ(file_bytes(-1), 0u);
    fs::create_symlink(path, folder / "link");
    EXPECT_EQ(open_file((folder / "link").c_str()), -1);
    remove_file(path.c_str());
    EXPECT_EQ(open_file(path.c_str()), -1);
    EXPECT_EQ(errno, ENOENT);
}

TEST_F(recording_files, that_may_not_be_so_long_are_refused_and_kill_nobody) {
    EXPECT_EQ(status_of_child([&] {
                  const rlimit limit{2 * page, 2 * page};
                  setrlimit(RLIMIT_FSIZE, &limit);
                  HOLDS(1, make_file(path.c_str(), 3 * page) == -1 && errno == EFBIG);
                  HOLDS(2, !fs::exists(path));
                  HOLDS(3, make_file(path.c_str(), 2 * page) >= 0);
                  HOLDS(4, !set_length(path.c_str(), 3 * page));
                  HOLDS(5, last_refusal() == make_refusal(SYS_ftruncate, EFBIG));
                  HOLDS(6, set_length(path.c_str(), page) && fs::file_size(path) == page);
              }),
              0);
    EXPECT_FALSE(set_length((folder / "no").c_str(), page));
}

char* mapped(const std::string& path, std::uint64_t bytes) {
    const file_descriptor file(make_file(path.c_str(), bytes));
    return static_cast<char*>(map_shared(file.number(), bytes));
}
std::uint64_t bytes_on_disk(const std::string& path) {
    struct stat about {};
    return stat(path.c_str(), &about) == 0 ? std::uint64_t(about.st_blocks) * 512 : 0;
}

TEST_F(recording_files, have_room_on_the_disk_for_what_is_asked) {
    char* const first = mapped(path, 8 * page);
    ASSERT_NE(first, nullptr);
    std::strcpy(first, "text");
    ASSERT_TRUE(make_room(first, 4 * page, path.c_str(), 0));
    EXPECT_STREQ(first, "text");
    sync();
    EXPECT_GE(bytes_on_disk(path), 4 * page);
    EXPECT_LT(bytes_on_disk(path), 8 * page);
    ASSERT_EQ(truncate(path.c_str(), page), 0);
    EXPECT_FALSE(make_room(first + 4 * page, page, path.c_str(), 4 * page));
    EXPECT_EQ(errno, ENOSPC) << "where others are killed (SIGBUS)";
    unmap(first, 8 * page);
}

TEST_F(recording_files, have_room_for_all_of_them_where_only_the_beginning_is_mapped) {
    char* const first = mapped(path, 8 * page);
    std::strcpy(first, "text");
    unmap(first + 2 * page, 6 * page);
    EXPECT_TRUE(make_all_room(first, 8 * page, path.c_str()));
    EXPECT_GE(bytes_on_disk(path), 8 * page);
    EXPECT_STREQ(first, "text");
    EXPECT_FALSE(make_all_room(first, page, (folder / "no").c_str()));
    unmap(first, 2 * page);
}

// As before Linux 5.14, and on file systems that know no better.
TEST_F(recording_files, have_room_made_by_zeros_where_nothing_was_written_yet) {
    EXPECT_EQ(status_of_child([&] {
                  char* const first = mapped(path, 4 * page);
                  std::strcpy(first, "text");
                  HOLDS(1, test::refuse_call(SYS_madvise, EINVAL));
                  HOLDS(2, make_room(first, page, path.c_str(), 0));  // fallocate() can
                  HOLDS(3, std::string(first) == "text");
                  HOLDS(4, test::refuse_call(SYS_fallocate, EOPNOTSUPP));
                  HOLDS(5, make_room(first + page, page, path.c_str(), page));
                  HOLDS(6, !make_all_room(first, 4 * page, path.c_str()));
                  HOLDS(7, std::string(first) == "text");
                  HOLDS(8, call_of(last_refusal()) == SYS_fallocate);
                  HOLDS(9, !make_room(first, page, (path + "no").c_str(), 0));
              }),
              0);
    EXPECT_GE(bytes_on_disk(path), 2 * page);
}

TEST_F(recording_files, folders_are_made_with_those_above_them) {
    std::string deep = folder / "a/b/c";
    EXPECT_FALSE(make_folder(deep.c_str()));
    EXPECT_EQ(last_refusal(), make_refusal(SYS_mkdirat, ENOENT));
    EXPECT_TRUE(make_folders(deep.data()));
    EXPECT_EQ(deep, folder / "a/b/c");
    EXPECT_TRUE(make_folders(deep.data()));
    EXPECT_FALSE(make_folder(deep.c_str()));
    EXPECT_EQ(errno, EEXIST);
    EXPECT_TRUE(make_folder((deep + "/d").c_str()));
    EXPECT_EQ(fs::status(deep + "/d").permissions(), fs::perms(0700));
    std::string below_file = folder.write("file", "") + "/a";
    EXPECT_FALSE(make_folders(below_file.data()));
    EXPECT_EQ(errno, ENOTDIR);
}

TEST_F(recording_files, are_read_as_far_as_they_go_and_as_there_is_room) {
    folder.write("file", "0123456789");
    char text[16] = {};
    EXPECT_EQ(read_file(path.c_str(), text, sizeof text), 10);
    EXPECT_STREQ(text, "0123456789");
    EXPECT_EQ(read_file(path.c_str(), text, 4), 4);
    EXPECT_EQ(read_file((folder / "no").c_str(), text, sizeof text), -1);
    EXPECT_EQ(read_file(folder.path().c_str(), text, sizeof text), -1);
    EXPECT_EQ(errno, EISDIR);
    fs::create_symlink("target", folder / "link");
    EXPECT_EQ(read_link((folder / "link").c_str(), text, sizeof text), 6);
    EXPECT_EQ(read_link(path.c_str(), text, sizeof text), -1);
}

TEST_F(recording_files, a_folder_is_visited_until_it_is_enough) {
    std::vector<std::string> seen;
    const auto note = [](void* context, const char* name) {
        static_cast<std::vector<std::string>*>(context)->push_back(name);
        return static_cast<std::vector<std::string>*>(context)->size() < 100;
    };
    for_each_name((folder / "no").c_str(), note, &seen);
    EXPECT_TRUE(seen.empty());
    const std::string long_name(200, 'x');  // they do not all fit at once
    for (int i = 0; i < 90; ++i) folder.write(long_name + std::to_string(i), "");
    for_each_name(folder.path().c_str(), note, &seen);
    EXPECT_EQ(seen.size(), 92u);
    EXPECT_EQ(std::ranges::count(seen, long_name + "89"), 1);
    for_each_name(folder.path().c_str(), note, &seen);
    EXPECT_EQ(seen.size(), 100u) << "visited until it says that it has enough";
}

TEST_F(recording_files, of_this_machine_are_those_of_its_processes) {
    EXPECT_TRUE(is_running(getpid()));
    EXPECT_TRUE(is_running(1)) << "although it may be another user's";
    EXPECT_FALSE(is_running(test::dead_process()));
    EXPECT_NE(machine_number(), 0u);
    EXPECT_EQ(machine_number(), machine_number());
    char name[65], cut[4] = "abc";
    host_name(name, sizeof name);
    EXPECT_EQ(std::string(name).find_first_of("/ \n"), std::string::npos);
    host_name(cut, sizeof cut);
    EXPECT_EQ(std::string(cut), std::string(name).substr(0, 3));
}

}  // namespace
}  // namespace fil::os
