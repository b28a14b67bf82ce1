#include "start/output_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "os/refusal.hpp"
#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

class output_directory_test : public test::in_temporary_directory {};

TEST_F(output_directory_test, is_absolute_and_made_with_its_parents) {
    const output_directory output("a/b/../c");
    EXPECT_EQ(output.path(), here("a/c"));
    EXPECT_TRUE(std::filesystem::is_directory("a/c"));
    EXPECT_TRUE(std::filesystem::is_empty("a/c"));
    std::filesystem::create_directories("elsewhere");
    std::filesystem::current_path("elsewhere");
    EXPECT_TRUE(std::filesystem::is_directory(output.path()));
}

TEST_F(output_directory_test, goes_again_if_nothing_was_put_into_it) {
    std::filesystem::create_directories("before");
    {
        const output_directory before("before"), made("made"), used("used");
        write("used/report", "");
    }
    EXPECT_TRUE(std::filesystem::exists("before"));
    EXPECT_FALSE(std::filesystem::exists("made"));
    EXPECT_TRUE(std::filesystem::exists("used/report"));
}

TEST_F(output_directory_test, that_cannot_be_written_is_refused) {
    write("file", "");
    for (const char* name : {"file", "file/below", "/proc/fil", "/sys/kernel"}) {
        try {
            const output_directory output(name);
            ADD_FAILURE() << name;
        } catch (const refusal& no) {
            EXPECT_EQ(no.status, 2);
            EXPECT_NE(std::string(no.what()).find(name), std::string::npos);
        }
    }
}

TEST_F(output_directory_test, may_be_a_link_but_not_one_that_somebody_planted) {
    std::filesystem::create_directories("all/real");
    std::filesystem::create_directory_symlink("real", "all/link");
    { const output_directory output("all/link"); }
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_EQ(::chmod("all", 0777), 0);
    { const output_directory output("all/link"); }
    ASSERT_EQ(::lchown("all/link", 12345, 12345), 0);
    try {
        const output_directory output("all/link/");
        ADD_FAILURE();
    } catch (const refusal& no) {
        EXPECT_NE(std::string(no.what()).find("another user made"), std::string::npos);
    }
}

}  // namespace
}  // namespace fil::cli
