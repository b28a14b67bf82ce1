#include "os/output_file.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "os/refusal.hpp"
#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

std::string content(const std::string& name) {
    std::ifstream file(name);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::ptrdiff_t files_here() {
    return std::distance(std::filesystem::directory_iterator("."), {});
}

class output_file_test : public test::in_temporary_directory {};

TEST_F(output_file_test, is_there_only_when_it_is_whole) {
    write("x", "old");
    output_file file("x");
    EXPECT_TRUE(file.write("new "));
    EXPECT_EQ(content("x"), "old");
    EXPECT_TRUE(file.write("text"));
    file.finish();
    EXPECT_EQ(content("x"), "new text");
    EXPECT_EQ(files_here(), 1);
}

TEST_F(output_file_test, leaves_nothing_unless_it_is_finished) {
    { EXPECT_TRUE(output_file("x").write("half")); }
    EXPECT_EQ(files_here(), 0);
}

TEST_F(output_file_test, has_the_usual_permissions) {
    const mode_t before = ::umask(027);
    output_file file("x");
    file.finish();
    ::umask(before);
    struct stat made;
    ASSERT_EQ(::stat("x", &made), 0);
    EXPECT_EQ(made.st_mode & 0777, 0640u);
}

TEST_F(output_file_test, follows_a_link_and_keeps_it) {
    write("real", "old");
    std::filesystem::create_symlink("real", "link");
    output_file file("link");
    file.write("new");
    file.finish();
    EXPECT_TRUE(std::filesystem::is_symlink("link"));
    EXPECT_EQ(content("real"), "new");
}

TEST_F(output_file_test, says_why_it_cannot) {
    const auto why = [](const std::string& path, const std::string& text) -> std::string {
        try {
            output_file file(path);
            file.write(text);
            file.finish();
        } catch (const refusal& no) {
            return no.what();
        }
        return "";
    };
    EXPECT_EQ(why("none/x", ""), "cannot write none/x: No such file or directory");
    EXPECT_EQ(why(".", ""), "cannot write .: Is a directory");
    EXPECT_EQ(why("/dev/full", "x"), "cannot write /dev/full: No space left on device");
    EXPECT_EQ(why("/dev/null", "x"), "");
}

}  // namespace
}  // namespace fil::cli
