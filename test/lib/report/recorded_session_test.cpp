// As files, and as folders of them: open_snapshot_test.cpp.

#include "report/recorded_session.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fil/report/usage_reader.hpp"
#include "made_recording.hpp"

namespace fil {
namespace {

using test::made_holds;
using test::made_recording;

struct recorded : testing::Test {
    template <typename... Recordings>
    report::session_snapshot snapshot(Recordings... some) const {
        std::vector<recording_file> all;
        (all.push_back(std::move(some)), ...);
        return snapshot_of_recordings(all, page);
    }
    std::optional<session_words_found> page =
        session_words_found{made_holds, made_holds, 0, 0, 0, 0};
};

TEST_F(recorded, what_a_process_says_of_itself_is_in_the_facts) {
    const auto made = snapshot(
        made_recording(42, 1,
                       {{"command", std::string_view("python3\0load.py\0--token=s3cret\0", 32)},
                        {"executable", "/usr/bin/python3"},
                        {"directory", "/home/me"},
                        {"host", "here"},
                        {"started", "1234567890"}}));
    EXPECT_EQ(made.about.program.main_script, "load.py");
    EXPECT_EQ(made.about.program.main_script_path, "/home/me/load.py");
    EXPECT_EQ(made.about.program.launch_directory, "/home/me");
    EXPECT_EQ(made.about.host, "here");
    EXPECT_EQ(made.about.started, 1234567890);
    EXPECT_EQ(made.about.peak, made_holds);
    EXPECT_EQ(made.tidy.total(mapping_kind::anonymous), made_holds);
    for (const std::string& argument : made.about.arguments)
        EXPECT_EQ(argument.find("s3cret"), argument.npos);
}

TEST_F(recorded, the_founder_comes_first_or_whom_none_of_the_others_started) {
    const auto first = [&] {
        return snapshot(made_recording(44, 43), made_recording(43, 42), made_recording(45, 44))
            .about.processes.at(0)
            .pid;
    };
    EXPECT_EQ(first(), 43) << "42 is not there";
    page->founder = 45;
    EXPECT_EQ(first(), 45);
    page->founder = 99;
    EXPECT_EQ(first(), 43);
}

TEST_F(recorded, processes_in_a_circle_have_a_first_one_too) {
    EXPECT_EQ(snapshot(made_recording(1, 2), made_recording(2, 1)).about.processes.size(), 2u);
}

TEST_F(recorded, without_a_page_the_peak_is_told_by_the_recordings) {
    page.reset();
    EXPECT_EQ(snapshot(made_recording(42, 1)).about.peak, made_holds);
}

TEST_F(recorded, who_held_nothing_or_is_gone_is_counted) {
    page->gone = 3;
    page->gone_peak = 70;
    page->sandboxed = 2;
    recording_file idle = made_recording(43, 42);
    auto& header = const_cast<recording_header&>(idle.view().header());
    header.closed = 1;  // before the peak
    header.closed_at = 10;
    header.peak = 100;
    const auto made = snapshot(made_recording(42, 1), std::move(idle));
    EXPECT_EQ(made.about.others.count, 4u);
    EXPECT_EQ(made.about.others.most, 100);
    EXPECT_EQ(made.about.exact.unrecorded.sandboxed, 2u);
}

TEST_F(recorded, a_damaged_one_is_noted_and_alone_it_is_all) {
    const auto damaged = [] {
        recording_file made = made_recording(43, 42);
        test::spoil(made.view());
        return made;
    };
    const auto made = snapshot(made_recording(42, 1), damaged());
    ASSERT_EQ(made.about.notes.size(), 1u);
    EXPECT_NE(made.about.notes[0].find("43"), std::string::npos) << made.about.notes[0];
    EXPECT_THROW(snapshot(damaged()), damaged_recording);
}

}  // namespace
}  // namespace fil
