#include "fil/report/source_lines.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "made_snapshot.hpp"

using namespace fil::report;
using texts = std::vector<std::string>;

namespace {

class source_lines_of : public testing::Test {
  protected:
    source_lines_of() {
        std::string name = (std::filesystem::temp_directory_path() / "fil_sourcesXXXXXX").string();
        directory_ = mkdtemp(name.data());
    }
    ~source_lines_of() override { std::filesystem::remove_all(directory_); }

    void file(const std::string& name, const std::string& text) {
        std::ofstream(directory_ + "/" + name, std::ios::binary) << text;
    }

    source_excerpt excerpt(const std::string& name, std::uint32_t line, source_limits limits = {}) {
        snapshot from = from_;
        frame f = python(name, line, "f");
        f.directory = directory_;
        const frame_index at = from.add_frame(f);
        const source_files files = find_source_files(from, {started_, false, limits.file_bytes});
        return read_sources(from, files, limits)[to_index(at)];
    }

    std::string directory_;
    made_snapshot from_;
    std::optional<std::int64_t> started_;
};

}  // namespace

TEST_F(source_lines_of, a_line_comes_with_two_before_and_after) {
    file("a.py", "one\ntwo\n\tthree  \nfour\nfive\nsix\n");
    EXPECT_EQ(excerpt("a.py", 3), (source_excerpt{"\tthree", {"one", "two"}, {"four", "five"}}));
    EXPECT_EQ(excerpt("a.py", 1), (source_excerpt{"one", {}, {"two", "\tthree"}}));
    EXPECT_EQ(excerpt("a.py", 6), (source_excerpt{"six", {"four", "five"}, {}}));
    EXPECT_EQ(excerpt(directory_ + "/a.py", 6).line, "six");
}

TEST_F(source_lines_of, what_is_not_there_is_empty) {
    file("a.py", "one\n");
    EXPECT_EQ(excerpt("a.py", 0), source_excerpt{});
    EXPECT_EQ(excerpt("a.py", 2), source_excerpt{});
    EXPECT_EQ(excerpt("a.py", 4'000'000'000), source_excerpt{});
    EXPECT_EQ(excerpt("missing.py", 1), source_excerpt{});
    EXPECT_EQ(excerpt("", 1), source_excerpt{});
    EXPECT_EQ(excerpt("<string>", 1), source_excerpt{});
    EXPECT_EQ(excerpt(".", 1), source_excerpt{});
}

TEST_F(source_lines_of, a_pipe_or_a_huge_file_is_not_read) {
    ASSERT_EQ(mkfifo((directory_ + "/pipe").c_str(), 0600), 0);
    EXPECT_EQ(excerpt("pipe", 1), source_excerpt{});
    EXPECT_EQ(excerpt("/dev/zero", 1), source_excerpt{});
    file("a.py", "0123456789\n");
    EXPECT_EQ(excerpt("a.py", 1, {.file_bytes = 10}), source_excerpt{});
    EXPECT_EQ(excerpt("a.py", 1, {.file_bytes = 11}).line, "0123456789");
}

TEST_F(source_lines_of, line_ends_of_all_systems_count) {
    file("a.py", "one\r\ntwo\rthree\n\nfive");
    EXPECT_EQ(excerpt("a.py", 2), (source_excerpt{"two", {"one"}, {"three", ""}}));
    EXPECT_EQ(excerpt("a.py", 5).line, "five");
}

TEST_F(source_lines_of, broken_text_is_made_presentable) {
    file("a.py", "\xEF\xBB\xBF# caf\xE9 </script>\n" + std::string(1000, 'x') + "\n");
    EXPECT_EQ(excerpt("a.py", 1).line, "# caf\uFFFD </script>");
    EXPECT_EQ(excerpt("a.py", 1).after, texts{std::string(160, 'x') + "…"});
    EXPECT_EQ(excerpt("a.py", 2).line, std::string(400, 'x') + "…");
}

TEST_F(source_lines_of, text_that_the_program_pushed_comes_first) {
    file("a.py", "on disk\n");
    from_.add_text("a.py", "pushed\n");
    from_.add_text("<ipython-input-1>", "x = 1\ny = 2");
    EXPECT_EQ(excerpt("a.py", 1).line, "pushed");
    EXPECT_EQ(excerpt("<ipython-input-1>", 2), (source_excerpt{"y = 2", {"x = 1"}, {}}));
}

TEST_F(source_lines_of, a_file_newer_than_the_run_is_flagged) {
    file("a.py", "one\n");
    struct stat now;
    ASSERT_EQ(stat((directory_ + "/a.py").c_str(), &now), 0);
    EXPECT_FALSE(excerpt("a.py", 1).newer);  // nobody knows when the run was
    started_ = now.st_mtime;
    EXPECT_FALSE(excerpt("a.py", 1).newer);
    started_ = now.st_mtime - 1;
    EXPECT_TRUE(excerpt("a.py", 1).newer);
    from_.add_text("a.py", "pushed\n");
    EXPECT_FALSE(excerpt("a.py", 1).newer);
}

TEST_F(source_lines_of, each_frame_has_an_entry) {
    file("a.py", "one\ntwo\n");
    file("b.py", "uno\ndos\n");
    made_snapshot from;
    for (const char* name : {"a.py", "b.py"}) {
        for (const std::uint32_t line : {2u, 1u, 7u}) {
            frame f = python(name, line, "f");
            f.directory = directory_;
            from.add_frame(f);
        }
    }
    texts lines;
    for (const source_excerpt& each : read_sources(from, find_source_files(from, {})))
        lines.push_back(each.line);
    EXPECT_EQ(lines, (texts{"two", "one", "", "dos", "uno", ""}));
}
