#include "report/report_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "../../report/made_snapshot.hpp"
#include "../../report/report_fixtures.hpp"

namespace fil::report {
namespace {

namespace fs = std::filesystem;

class report_files : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = fs::temp_directory_path() / "fil-report-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
    }
    void TearDown() override { fs::remove_all(directory_); }

    static std::set<std::string> names_in(const fs::path& directory) {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(directory)) {
            names.insert(entry.path().filename());
        }
        return names;
    }

    static std::string text_of(const fs::path& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }

    fs::path directory_;
    const report_writing exact_ = {report_naming::exact};
    const std::set<std::string> files_ = {"index.html", "peak-memory.filsnap", "peak-memory.prof",
                                          "peak-memory-reversed.svg", "peak-memory.svg"};
};

TEST_F(report_files, are_files_in_a_directory_named_after_the_time) {
    const auto from = fixtures::session_of(fixtures::pandas(50));
    const fs::path path = write_report(directory_ / "new" / "out", from).directory;
    EXPECT_EQ(path.parent_path(), directory_ / "new" / "out");
    EXPECT_TRUE(std::regex_match(path.filename().string(),
                                 std::regex(R"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_\d{3})")));
    EXPECT_EQ(names_in(path), files_);
    EXPECT_EQ(names_in(path.parent_path()), (std::set<std::string>{path.filename(), "latest"}));
}

TEST_F(report_files, are_led_to_by_latest) {
    const auto from = fixtures::session_of(fixtures::deep(10, true));
    for (int times = 0; times < 2; ++times) {
        const fs::path path = write_report(directory_, from).directory;
        EXPECT_EQ(fs::read_symlink(directory_ / "latest"), path.filename());
    }
}

TEST_F(report_files, leave_a_latest_of_the_users_alone) {
    const auto from = fixtures::session_of(fixtures::deep(10, true));
    const fs::path latest = directory_ / "latest";
    std::ofstream(latest) << "mine";
    write_report(directory_, from);
    EXPECT_EQ(text_of(latest), "mine");
    fs::remove(latest);
    fs::create_directory(latest);
    write_report(directory_, from);
    EXPECT_TRUE(names_in(latest).empty());
    fs::remove(latest);
    for (const char* target : {"nowhere", "/tmp", "../2026-11-23T16-28-03_759"}) {
        fs::create_symlink(target, latest);
        write_report(directory_, from);
        EXPECT_EQ(fs::read_symlink(latest), target);
        fs::remove(latest);
    }
}

TEST_F(report_files, say_what_they_are_in_their_titles) {
    const auto from = fixtures::session_of(fixtures::deep(10, true));
    const fs::path path = write_report(directory_, from).directory;
    EXPECT_NE(text_of(path / "peak-memory.svg")
                  .find("<title>Peak Tracked Memory Usage (80.0 MiB)</title>"),
              std::string::npos);
    EXPECT_NE(text_of(path / "peak-memory-reversed.svg")
                  .find("<title>Peak Tracked Memory Usage (80.0 MiB), Reversed</title>"),
              std::string::npos);
    EXPECT_TRUE(std::regex_search(
        text_of(path / "index.html").substr(0, 1000),
        std::regex(
            R"(<title>deep\.py 80\.0 MiB · Fil Memory Profile \(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\)</title>)")));
}

TEST_F(report_files, two_reports_at_once_stand_side_by_side) {
    const auto from = fixtures::session_of(fixtures::empty());
    const fs::path first = write_report(directory_, from).directory;
    const fs::path second = write_report(directory_, from).directory;
    EXPECT_NE(first, second);
    EXPECT_EQ(names_in(directory_),
              (std::set<std::string>{first.filename(), second.filename(), "latest"}));
}

TEST_F(report_files, an_exact_directory_gets_the_files_itself_and_again) {
    const auto from = fixtures::session_of(fixtures::deep(10, true));
    std::ofstream(directory_ / "mine.txt") << "mine";
    std::ofstream(directory_ / "index.html") << "old";
    EXPECT_EQ(write_report(directory_, from, exact_).directory, directory_);
    std::set<std::string> expected = files_;
    expected.insert("mine.txt");
    EXPECT_EQ(names_in(directory_), expected);
    EXPECT_NE(text_of(directory_ / "index.html"), "old");
}

TEST_F(report_files, a_place_that_cannot_be_written_is_one_clear_line) {
    const auto from = fixtures::session_of(fixtures::empty());
    std::ofstream(directory_ / "file") << "x";
    try {
        write_report(directory_ / "file" / "out", from);
        FAIL() << "no error";
    } catch (const report_error& error) {
        EXPECT_EQ(std::string(error.what()), "cannot write a report to \"" +
                                                 (directory_ / "file" / "out").string() +
                                                 "\": Not a directory");
    }
}

TEST_F(report_files, a_stack_of_20000_frames_stays_small) {
    for (const bool recursive : {true, false}) {
        const auto from = fixtures::session_of(fixtures::deep(20000, recursive));
        const fs::path path = write_report(directory_, from).directory;
        EXPECT_LT(fs::file_size(path / "peak-memory.svg"), 2'000'000u);
        EXPECT_LT(fs::file_size(path / "peak-memory-reversed.svg"), 2'000'000u);
        EXPECT_LT(fs::file_size(path / "index.html"), 2'000'000u);
    }
}

TEST_F(report_files, a_graph_of_10000_callstacks_stays_small) {
    const auto from = fixtures::session_of(fixtures::pandas(10000));
    const fs::path path = write_report(directory_, from).directory;
    EXPECT_LT(fs::file_size(path / "peak-memory.svg"), 2'000'000u);
    EXPECT_LT(fs::file_size(path / "peak-memory-reversed.svg"), 2'000'000u);
}

// What others may have left where all may write, under the names that files of ours get.
TEST_F(report_files, replace_what_has_their_names_and_never_open_it) {
    const auto from = fixtures::session_of(fixtures::deep(3, false));
    const fs::path victim = directory_ / "victim";
    fs::create_directories(victim / "folder");
    std::ofstream(victim / "file") << "mine";
    fs::create_directory(directory_ / "out");
    fs::create_symlink(victim / "file", directory_ / "out" / "index.html");
    fs::create_hard_link(victim / "file", directory_ / "out" / "peak-memory.prof");
    ASSERT_EQ(mkfifo((directory_ / "out" / "peak-memory.svg").c_str(), 0666), 0);
    fs::create_symlink(victim / "new", directory_ / "out" / "peak-memory-reversed.svg");
    fs::create_symlink(victim / "file", directory_ / "out" / "out-of-memory.prof");
    write_report(directory_ / "out", from, exact_);
    EXPECT_EQ(names_in(directory_ / "out"), files_);
    for (const std::string& name : files_) {
        EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(directory_ / "out" / name))) << name;
    }
    EXPECT_EQ(text_of(victim / "file"), "mine");
    EXPECT_EQ(names_in(victim), (std::set<std::string>{"file", "folder"}));

    fs::remove(directory_ / "out" / "index.html");
    fs::create_directories(directory_ / "out" / "index.html" / "below");
    EXPECT_THROW(write_report(directory_ / "out", from, exact_), report_error);
    EXPECT_TRUE(fs::exists(directory_ / "out" / "index.html" / "below"));
}

TEST_F(report_files, of_out_of_memory_have_names_of_their_own) {
    auto from = fixtures::session_of(fixtures::deep(3, false));
    from.about.kind = report_kind::out_of_memory;
    const fs::path path = write_report(directory_, from).directory;
    EXPECT_EQ(names_in(path), (std::set<std::string>{"out-of-memory.prof", "out-of-memory.svg",
                                                     "out-of-memory-reversed.svg",
                                                     "out-of-memory.filsnap", "index.html"}));
    const std::string page = text_of(path / "index.html");
    EXPECT_NE(page.find("alive when memory ran out"), page.npos);
    EXPECT_EQ(page.find("alive at the peak"), page.npos);
}

TEST_F(report_files, of_out_of_memory_count_the_request_but_for_the_page) {
    made_snapshot taken;
    taken.holds(10 << 20, {python("a.py", 1, "f")}).asks_for(1 << 20, {python("a.py", 1, "f")});
    taken.asks_for(5 << 20, {python("a.py", 2, "g")});
    facts about;
    about.kind = report_kind::out_of_memory;
    const fs::path path = write_report(directory_, fixtures::session_of({taken, about})).directory;
    EXPECT_EQ(text_of(path / "out-of-memory.prof"), "a.py:1 (f) " + std::to_string(11 << 20) +
                                                        "\na.py:2 (g) " + std::to_string(5 << 20) +
                                                        "\n");
    const std::string page = text_of(path / "index.html");
    EXPECT_NE(page.find("\"self\":[" + std::to_string(10 << 20) + "]"), page.npos);
}

TEST_F(report_files, of_another_kind_are_replaced_in_an_exact_directory) {
    auto from = fixtures::session_of(fixtures::deep(3, false));
    write_report(directory_, from, exact_);
    std::ofstream(directory_ / "notes.txt") << "of the user's";
    from.about.kind = report_kind::out_of_memory;
    write_report(directory_, from, exact_);
    EXPECT_EQ(names_in(directory_).size(), 6u);
    EXPECT_TRUE(fs::exists(directory_ / "notes.txt"));
    from.about.kind = report_kind::peak;
    write_report(directory_, from, exact_);
    EXPECT_EQ(names_in(directory_).size(), 6u);
}

}  // namespace
}  // namespace fil::report
