#include "report/workshop.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

namespace fil {
namespace {

namespace fs = std::filesystem;
using names = std::set<std::string>;

class workshop_test : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = fs::temp_directory_path() / "fil-workshop-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        place_ = name;
    }
    void TearDown() override { fs::remove_all(place_); }

    static names names_in(const fs::path& directory) {
        names found;
        for (const auto& entry : fs::directory_iterator(directory))
            found.insert(entry.path().filename());
        return found;
    }
    static std::string text_of(const fs::path& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }
    static unsigned mode_of(const fs::path& path) {
        struct stat found {};
        EXPECT_EQ(stat(path.c_str(), &found), 0);
        return found.st_mode & 07777;
    }

    fs::path place_;
};

TEST_F(workshop_test, is_private_until_the_work_is_given) {
    const mode_t before = umask(027);
    {
        workshop work(place_);
        work.write("a", "text");
        ASSERT_EQ(names_in(place_).size(), 1u);
        EXPECT_EQ(mode_of(place_ / *names_in(place_).begin()), 0700u);
        EXPECT_TRUE(work.give("report"));
    }
    umask(before);
    EXPECT_EQ(names_in(place_), names{"report"});
    EXPECT_EQ(text_of(place_ / "report" / "a"), "text");
    EXPECT_EQ(mode_of(place_ / "report"), 0750u);
    EXPECT_EQ(mode_of(place_ / "report" / "a"), 0640u);
}

TEST_F(workshop_test, gives_nothing_where_there_is_something) {
    fs::create_directory(place_ / "empty");
    std::ofstream(place_ / "file") << "mine";
    fs::create_symlink("nowhere", place_ / "link");
    {
        workshop work(place_);
        for (const char* name : {"empty", "file", "link"}) EXPECT_FALSE(work.give(name)) << name;
    }
    EXPECT_EQ(names_in(place_), (names{"empty", "file", "link"}));
    EXPECT_EQ(text_of(place_ / "file"), "mine");
}

TEST_F(workshop_test, two_at_once_do_not_meet) {
    {
        workshop one(place_), other(place_);
        one.write("a", "one");
        other.write("a", "other");
        EXPECT_TRUE(one.give("1"));
        EXPECT_FALSE(other.give("1"));
        EXPECT_TRUE(other.give("2"));
    }
    EXPECT_EQ(text_of(place_ / "1" / "a"), "one");
    EXPECT_EQ(text_of(place_ / "2" / "a"), "other");
    EXPECT_EQ(names_in(place_), (names{"1", "2"}));
}

TEST_F(workshop_test, that_cannot_be_finished_leaves_nothing) {
    {
        workshop work(place_);
        work.write("a", "text");
        EXPECT_THROW(work.write("a", "again"), std::system_error);
        EXPECT_THROW(work.give("no/such/place"), std::system_error);
    }
    EXPECT_EQ(names_in(place_), names{});
    EXPECT_THROW(workshop(place_ / "nowhere"), std::system_error);
}

void make_old(const fs::path& path) {
    const timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    EXPECT_EQ(utimensat(AT_FDCWD, path.c_str(), long_ago, AT_SYMLINK_NOFOLLOW), 0);
}

TEST_F(workshop_test, what_an_interrupted_one_left_is_removed_once_its_maker_is_gone) {
    const names stay = {".unfinished-fresh", ".unfinished-used", ".unfinished-link", "elsewhere"};
    for (const char* name :
         {".unfinished-left", ".unfinished-fresh", ".unfinished-used", "elsewhere"}) {
        fs::create_directories(place_ / name / "report");
        std::ofstream(place_ / name / "report" / "index.html") << "half";
    }
    fs::create_symlink("elsewhere", place_ / ".unfinished-link");
    const file_descriptor used(open((place_ / ".unfinished-used").c_str(), O_RDONLY | O_DIRECTORY));
    ASSERT_EQ(flock(used.number(), LOCK_EX), 0);
    fs::create_symlink(place_ / "elsewhere", place_ / ".unfinished-left" / "link");
    for (const char* name :
         {".unfinished-left", ".unfinished-used", ".unfinished-link", "elsewhere"})
        make_old(place_ / name);
    names expected = stay;
    if (geteuid() == 0) {
        fs::create_directories(place_ / ".unfinished-others");
        ASSERT_EQ(chown((place_ / ".unfinished-others").c_str(), 12345, 12345), 0);
        make_old(place_ / ".unfinished-others");
        expected.insert(".unfinished-others");
    }
    { const workshop work(place_); }
    EXPECT_EQ(names_in(place_), expected);
    EXPECT_EQ(text_of(place_ / "elsewhere" / "report" / "index.html"), "half");
}

TEST_F(workshop_test, a_link_to_the_place_is_followed_unless_it_was_planted) {
    fs::create_directories(place_ / "open" / "real");
    fs::create_directory_symlink("real", place_ / "open" / "link");
    for (const char* name : {"link", "link/", "link/."}) {
        workshop work(place_ / "open" / name);
        EXPECT_EQ(names_in(place_ / "open" / "real").size(), 1u) << name;
    }
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_EQ(lchown((place_ / "open" / "link").c_str(), 12345, 12345), 0);
    { const workshop work(place_ / "open" / "link"); }  // nobody else could have put it there
    ASSERT_EQ(chmod((place_ / "open").c_str(), 0777), 0);
    EXPECT_THROW(workshop(place_ / "open" / "link"), planted_link);
    EXPECT_THROW(workshop(place_ / "open" / "link/"), planted_link);
    EXPECT_EQ(names_in(place_ / "open" / "real"), names{});
    ASSERT_EQ(chown((place_ / "open").c_str(), 12345, 12345), 0);
    { const workshop work(place_ / "open" / "link"); }
}

}  // namespace
}  // namespace fil
