#include "report/trace_moment.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "report/snapshot_file.hpp"
#include "scratch_folder.hpp"
#include "told_trace_file.hpp"

namespace fil {
namespace {

struct moments : testing::Test {
    std::int64_t held(double seconds) {
        return snapshot_of_trace(path, seconds).tidy.total(mapping_kind::anonymous);
    }
    snapshot_problem problem_of(const std::string& content) {
        try {
            snapshot_of_trace(folder.write("damaged", content), -1);
        } catch (const unreadable_snapshot& found) {
            return found.problem;
        }
        return snapshot_problem::empty;  // there was none
    }

    const test::scratch_folder folder;
    const std::string path = folder / "trace";
};

TEST_F(moments, are_what_was_live_then) {
    test::write_two_lines(path);
    EXPECT_EQ(held(-1), 1500) << "at the peak";
    EXPECT_EQ(held(0), 0);
    EXPECT_EQ(held(0.010), 1000);
    EXPECT_EQ(held(0.025), 1500);
    EXPECT_EQ(held(0.030), 500);
    EXPECT_EQ(held(1000), 600);
}

TEST_F(moments, say_what_they_are_of) {
    test::write_two_lines(path);
    const report::session_snapshot peak = snapshot_of_trace(path, -1);
    EXPECT_EQ(peak.about.kind, report::report_kind::peak);
    ASSERT_EQ(peak.about.notes.size(), 1u);
    EXPECT_EQ(peak.about.notes[0],
              "This is of a trace, 0.020 s after it began, at the peak of its process.");
    EXPECT_EQ(peak.about.processes.at(0).pid, 42);
    EXPECT_EQ(peak.about.program.main_script, "load.py");
    EXPECT_EQ(snapshot_of_trace(path, 0.01).about.kind, report::report_kind::now);
}

TEST_F(moments, of_a_sample_are_estimates) {
    test::write_two_lines(path, 10);
    EXPECT_EQ(held(-1), 15'000);
    EXPECT_EQ(snapshot_of_trace(path, -1).about.notes.back(),
              "One block in 10 was recorded: bytes are estimates.");
}

TEST_F(moments, of_what_is_no_whole_trace_are_none) {
    try {
        held(-1);
        ADD_FAILURE();
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code().value(), ENOENT);
        EXPECT_NE(std::string(error.what()).find(path), std::string::npos);
    }
    EXPECT_THROW(content_of_trace(folder.path()), std::system_error);
    test::write_two_lines(path);
    const std::string whole = test::text_of(path);
    EXPECT_EQ(problem_of("no trace"), snapshot_problem::damaged);
    for (std::size_t bytes = 0; bytes < whole.size(); bytes += 7)
        EXPECT_NE(problem_of(whole.substr(0, bytes)), snapshot_problem::not_one);
    std::size_t refused = 0;
    for (std::size_t at = 64; at < whole.size(); at += 5) {
        std::string changed = whole;
        changed[at] = static_cast<char>(~changed[at]);
        refused += problem_of(changed) == snapshot_problem::damaged;
    }
    EXPECT_GT(refused, (whole.size() - 64) / 10);
}

}  // namespace
}  // namespace fil
