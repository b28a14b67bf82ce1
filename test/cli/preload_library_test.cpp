#include "target/preload_library.hpp"

#include "os/other_users.hpp"
#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

class preload_library_test : public test::in_temporary_directory {
  protected:
    preload_library_test() { let_anybody_pass(here()); }
    test::with_variable temporary_{"TMPDIR", here("")};
};

TEST_F(preload_library_test, a_plain_path_is_used_as_it_is) {
    EXPECT_EQ(preload_library(here("l.so")).path(), here("l.so"));
    EXPECT_TRUE(std::filesystem::is_empty(here()));
}

TEST_F(preload_library_test, a_path_that_the_variable_cannot_hold_goes_through_a_link) {
    for (const char* name : {"a b", "a:b", "$ORIGIN"}) {
        std::filesystem::create_directories(name);
        write(std::string(name) + "/l.so", "content");
        std::string link;
        {
            const preload_library library(here(std::string(name) + "/l.so"));
            link = library.path();
            EXPECT_TRUE(fits_ld_preload(link)) << link;
            EXPECT_EQ(std::filesystem::read_symlink(link), here(std::string(name) + "/l.so"));
        }
        EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(link).parent_path()));
    }
}

TEST_F(preload_library_test, what_others_may_not_read_is_copied_for_children_of_root) {
    if (!our_children_may_be_other_users()) GTEST_SKIP() << "nobody but root's can be another user";
    std::filesystem::create_directories("secret");
    std::filesystem::permissions("secret", std::filesystem::perms::owner_all);
    write("secret/l.so", "content");
    // Left by one that was killed; pids are smaller.
    std::filesystem::create_directories("fil-copy-2000000000-abcdef");
    write("fil-copy-2000000000-abcdef/libfil_preload.so", "content");
    std::string copy;
    {
        const preload_library library(here("secret/l.so"));
        copy = library.path();
        EXPECT_TRUE(anybody_can_read(copy)) << copy;
        EXPECT_EQ(std::filesystem::file_size(copy), 7u);
        EXPECT_FALSE(std::filesystem::exists("fil-copy-2000000000-abcdef"));
    }
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(copy).parent_path()));
}

TEST_F(preload_library_test, the_link_stays_for_children_left_running) {
    write("a b.so", "content");
    std::string link;
    {
        preload_library library(here("a b.so"));
        link = library.path();
        library.leave_link();
    }
    EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST_F(preload_library_test, a_temporary_directory_that_does_not_fit_is_not_used) {
    write("a b.so", "content");
    std::filesystem::create_directories("t t");
    const test::with_variable elsewhere("TMPDIR", here("t t"));
    const preload_library library(here("a b.so"));
    EXPECT_TRUE(fits_ld_preload(library.path())) << library.path();
}

}  // namespace
}  // namespace fil::cli
