#include "session/temporary_directories.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace {

const auto any = [](const std::string&) { return true; };

class temporary_directories : public testing::Test {
  protected:
    temporary_directories() { setenv("TMPDIR", here.c_str(), 1); }
    ~temporary_directories() override {
        unsetenv("TMPDIR");
        std::filesystem::remove_all(here);
    }
    std::string made(const auto& usable) {
        tried.clear();
        const std::string path = fil::new_private_directory("test-", tried, usable);
        if (!path.empty()) rmdir(path.c_str());
        return std::filesystem::path(path).parent_path();
    }
    std::string unique = "/tmp/fil-test-XXXXXX";
    std::string here = mkdtemp(unique.data());
    std::string tried;
};

TEST_F(temporary_directories, the_one_of_the_environment_is_the_first) {
    EXPECT_EQ(made(any), here);
    EXPECT_EQ(tried, "");
}

TEST_F(temporary_directories, a_new_folder_is_nobody_elses) {
    const std::string path = fil::new_private_directory("test-", tried, any);
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
    EXPECT_NE(fil::new_private_directory("test-", tried, any), path);
}

TEST_F(temporary_directories, one_that_cannot_serve_is_passed_over) {
    fclose(fopen((here + "/file").c_str(), "w"));
    for (const std::string& chosen : {here + "/missing", here + "/file", std::string("."),
                                      std::string("/proc"), std::string()}) {
        setenv("TMPDIR", chosen.c_str(), 1);
        EXPECT_EQ(made(any), "/tmp") << chosen;
        EXPECT_EQ(tried, chosen.starts_with("/") ? chosen : "");
    }
    unsetenv("TMPDIR");
    EXPECT_EQ(made(any), "/tmp");
}

TEST_F(temporary_directories, one_that_is_of_no_use_is_not_tried) {
    EXPECT_EQ(made([&](const std::string& parent) { return parent != here; }), "/tmp");
    EXPECT_EQ(tried, "");
    EXPECT_EQ(made([](const std::string&) { return false; }), "");
    EXPECT_EQ(errno, ENOENT);
}

}  // namespace
