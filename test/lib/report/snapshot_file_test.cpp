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
#include "fil/recording/view.hpp"
#include "fil/report/report_model.hpp"
#include "report/content.hpp"
#include "report/report_files.hpp"
#include "report/snapshot_content.hpp"

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

// What a file holds after a hostile hand has made its checksum right.
TEST(snapshot_content_with, any_change_is_read_as_what_it_says_or_refused) {
    session_snapshot from = fixtures::session_of(fixtures::processes());
    for (timeline& line : from.about.timelines) line.samples.resize(2);
    from.sources["/a"] = {1, true, "x"};
    const std::string good = content_of(from);
    ASSERT_EQ(content_of(snapshot_of_content(good)), good);
    std::size_t refused = 0;
    const auto try_it = [&](const std::string& content) {
        try {
            report_model_of(snapshot_of_content(content));
        } catch (const damaged_content&) {
            ++refused;
        }
    };
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const unsigned char byte : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
            std::string bad = good;
            bad[at] = static_cast<char>(byte);
            try_it(bad);
        }
    }
    EXPECT_GT(refused, good.size() / 4);
    const std::size_t before = std::exchange(refused, 0);
    for (std::size_t bytes = 0; bytes < good.size(); ++bytes) try_it(good.substr(0, bytes));
    EXPECT_EQ(refused, good.size()) << before;
}

// Tables of one element each, written by hand.
struct tables {
    std::uint32_t texts = 1, frames = 1, text = 0, callstacks = 1, up = 1, frame = 0, used = 1,
                  used_callstack = 1, untouched = 1, untouched_callstack = 1;
    std::int64_t bytes = 7, untouched_bytes = 9;

    std::string content() const {
        content_writer to;
        to(texts, std::string("f"));
        to(frames, text, text, text, text, 5u, 4u, frame_kind::python);
        to(callstacks, up, frame);
        to(used, used_callstack, bytes, std::uint64_t{1});
        for (int kind = 1; kind < usage_kinds; ++kind) to(0u);
        to(untouched, untouched_callstack, untouched_bytes, std::int64_t{3});
        to(0u, 0u);                                  // texts and source files
        const std::string nothing = content_of({});  // facts, and a count for each of the tables
        return nothing.substr(0, nothing.size() - 4 * (6 + usage_kinds)) + to.take();
    }
};

TEST(snapshot_content_with, an_index_or_a_count_that_cannot_be_is_refused) {
    EXPECT_EQ(snapshot_of_content(tables().content()).tidy.total(mapping_kind::anonymous), 7);
    struct one {
        const char* what;
        tables bad;
    };
    for (const auto& [what, bad] : {
             one{"more texts than bytes", {.texts = 0xffffffff}},
             one{"a text that is not there", {.text = 1}},
             one{"more frames than bytes", {.frames = 0x7fffffff}},
             one{"no frame of that number", {.frame = 1}},
             one{"more callstacks than bytes", {.callstacks = 0xffffffff}},
             one{"a callstack that calls itself", {.up = 0}},
             one{"a caller before the first", {.up = 2}},
             one{"more usage than bytes", {.used = 0x10000000}},
             one{"usage of a callstack that is not there", {.used_callstack = 2}},
             one{"more bytes than there are addresses", {.bytes = most_bytes + 1}},
             one{"more mappings than bytes", {.untouched = 0xfffffff0}},
             one{"a mapping of a callstack that is not there", {.untouched_callstack = 2}},
             one{"a mapping without end", {.untouched_bytes = INT64_MIN}},
         }) {
        EXPECT_THROW(snapshot_of_content(bad.content()), damaged_content) << what;
    }
}

TEST(snapshot_content_with, a_frame_that_is_there_twice_is_refused) {
    content_writer to;
    to(std::vector<std::string>{"f"}, 2u);
    for (int i = 0; i < 2 * 6; ++i) to(0u);
    to(frame_kind::python, frame_kind::python);
    for (int i = 0; i < 4 + usage_kinds; ++i) to(0u);
    const std::string nothing = content_of({});
    EXPECT_THROW(
        snapshot_of_content(nothing.substr(0, nothing.size() - 4 * (6 + usage_kinds)) + to.take()),
        damaged_content);
}

TEST(snapshot_file_with, more_content_than_there_may_be_is_refused_before_it_is_unpacked) {
    std::string file = small_file();
    const std::uint64_t bytes = longest_content + 1;
    std::memcpy(file.data() + 24, &bytes, sizeof bytes);
    EXPECT_EQ(problem_of(file), snapshot_problem::damaged);
}

}  // namespace
}  // namespace fil
