#include "report/snapshot_file.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "../../report/report_fixtures.hpp"
#include "fil/report/source_lines.hpp"
#include "report/report_files.hpp"

namespace fil {
namespace {

namespace fs = std::filesystem;
using namespace report;

snapshot_problem problem_of(std::string_view bytes) {
    try {
        read_snapshot_file(bytes);
    } catch (const unreadable_snapshot& problem) {
        EXPECT_EQ(std::string_view(problem.what()).find('\n'), std::string_view::npos);
        return problem.problem;
    }
    ADD_FAILURE() << "it was read";
    return snapshot_problem::empty;
}

class snapshot_file_of : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = fs::temp_directory_path() / "fil-snapshot-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
    }
    void TearDown() override { fs::remove_all(directory_); }

    // Its files, by name; and the answer.
    std::map<std::string, std::string> drawn(const session_snapshot& from) {
        const written_report made = write_report(directory_ / "out", from);
        std::map<std::string, std::string> files;
        for (const auto& entry : fs::directory_iterator(made.directory)) {
            std::ostringstream text;
            text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
            files[entry.path().filename()] = text.str();
        }
        for (const std::string& line : made.answer) files["answer"] += line + "\n";
        return files;
    }

    fs::path directory_;
};

TEST_F(snapshot_file_of, each_kind_of_program_is_drawn_again_byte_for_byte) {
    for (const char* name : {"pandas", "recursion", "chain", "cycle", "hostile", "measures",
                             "native", "threads", "processes", "empty"}) {
        const auto made = fixtures::by_name(name);
        ASSERT_TRUE(made) << name;
        session_snapshot from = fixtures::session_of(*made);
        for (const report_kind kind : {report_kind::peak, report_kind::out_of_memory}) {
            from.about.kind = kind;
            const auto first = drawn(from);
            const auto again = drawn(read_snapshot_file(snapshot_file(from).value()));
            ASSERT_EQ(first.size(), again.size());
            for (const auto& [file, text] : first)
                EXPECT_TRUE(text == again.at(file)) << name << ": " << file;
        }
    }
}

TEST_F(snapshot_file_of, a_program_says_the_same_where_clocks_show_another_time) {
    session_snapshot from = fixtures::session_of(fixtures::native());
    from.about.utc_offset = 5 * 3600;
    setenv("TZ", "UTC", 1);
    tzset();
    const auto first = drawn(from);
    setenv("TZ", "UTC+7", 1);
    tzset();
    EXPECT_EQ(first, drawn(read_snapshot_file(snapshot_file(from).value())));
    EXPECT_NE(first.at("index.html").find("2026-11-23 21:28:03"), std::string::npos);
    unsetenv("TZ");
    tzset();
}

// A line whose text is no longer the same is none of the program's.
TEST_F(snapshot_file_of, sources_names_their_text_or_has_it) {
    const fs::path file = directory_ / "made.py";
    const auto write = [&](const char* text) { std::ofstream(file) << text; };
    snapshot tidy;
    const frame_index at =
        tidy.add_frame({.function = "f", .file = file, .line = 9, .first_line = 7});
    tidy.add_usage(mapping_kind::anonymous, tidy.add_callstack(callstack_index::empty, at), {7, 1});
    const std::string source = "1\n2\n3\n4\n5\n6\n7\n8\nx = [9]\n10\n11\n12\n13\n";
    write(source.c_str());
    const auto line_after = [&](bool embeds, const char* text) {
        write(source.c_str());
        session_snapshot from{{}, tidy, find_source_files(tidy, {std::nullopt, embeds})};
        const std::string bytes = snapshot_file(from).value();
        if (text == nullptr)
            fs::remove(file);
        else
            write(text);
        const session_snapshot read = read_snapshot_file(bytes);
        if (embeds) {
            EXPECT_EQ(read.sources.at(file).text, "\n\n\n\n\n\n7\n8\nx = [9]\n10\n11\n\n\n");
        }
        return read_sources(read.tidy, read.sources)[0].line;
    };
    EXPECT_EQ(line_after(false, source.c_str()), "x = [9]");
    EXPECT_EQ(line_after(false, (source + "more").c_str()), "");
    EXPECT_EQ(line_after(false, nullptr), "");
    EXPECT_EQ(line_after(true, nullptr), "x = [9]");
    EXPECT_EQ(line_after(true, "another"), "x = [9]");
}

std::string small_file() {
    session_snapshot from = fixtures::session_of(fixtures::processes());
    from.tidy.add_text("<stdin>", "x = 1\n");
    return snapshot_file(from).value();
}

TEST(snapshot_file_with, any_byte_changed_is_refused) {
    const std::string good = small_file();
    for (std::size_t at = 0; at < good.size(); ++at) {
        const snapshot_problem expected = at < 8    ? snapshot_problem::not_one
                                          : at < 12 ? snapshot_problem::other_version
                                                    : snapshot_problem::damaged;
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ 1 << bit);
            const snapshot_problem found = problem_of(bad);
            const bool says_longer = at >= 16 && at < 24 && found == snapshot_problem::truncated;
            EXPECT_TRUE(found == expected || says_longer) << at;
        }
    }
}

TEST(snapshot_file_with, bytes_left_out_or_added_is_refused) {
    const std::string good = small_file();
    for (std::size_t bytes = 0; bytes < good.size(); ++bytes)
        EXPECT_EQ(problem_of(good.substr(0, bytes)),
                  bytes < 8 ? snapshot_problem::not_one : snapshot_problem::truncated)
            << bytes;
    EXPECT_EQ(problem_of(good + '\0'), snapshot_problem::damaged);
    EXPECT_EQ(problem_of(good + good), snapshot_problem::damaged);
    std::string without_middle = good;
    without_middle.erase(good.size() / 2, 3);
    EXPECT_EQ(problem_of(without_middle), snapshot_problem::truncated);
}

TEST(snapshot_file_with, another_version_says_both_numbers) {
    std::string other = small_file();
    other[8] = 9;
    try {
        read_snapshot_file(other);
        FAIL() << "it was read";
    } catch (const unreadable_snapshot& problem) {
        EXPECT_EQ(problem.what(), "it is of version 9, and only version " +
                                      std::to_string(snapshot_version) + " can be read");
    }
}

TEST(snapshot_file_with, more_content_than_there_may_be_is_refused_before_it_is_unpacked) {
    std::string file = small_file();
    const std::uint64_t bytes = longest_content + 1;
    std::memcpy(file.data() + 24, &bytes, sizeof bytes);
    EXPECT_EQ(problem_of(file), snapshot_problem::damaged);
}

}  // namespace
}  // namespace fil
