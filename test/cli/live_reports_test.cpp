#include "supervise/live_reports.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "fake_session.hpp"

namespace fil::cli {
namespace {

class live_reports_test : public testing::Test {
  protected:
    live_reports_test() {
        session_.report = [this](const test::fake_report& asked, std::string& path, fil_error&) {
            if (slow_) ::usleep(200'000);
            path = asked.options.ending == FIL_ENDING_RUNNING ? "/running" : "/ended";
            if (asked.facts.moment == FIL_MOMENT_NOW) path += "/now";
            return FIL_OK;
        };
    }
    ~live_reports_test() override { signals_.restore_inherited(); }

    int look(double seconds) {
        now_.seconds = seconds;
        return reports_.look(now_);
    }
    void look_until_told(std::size_t count) {
        for (int i = 0; i < 1000 && told_.size() < count; ++i) {
            look(now_.seconds);
            ::usleep(1000);
        }
        EXPECT_EQ(told_.size(), count);
    }

    test::fake_session session_;
    const signal_inbox signals_;
    const std::string directory_ = "out";
    const std::vector<std::string> words_ = {"x.py"};
    const target what_;
    const environment variables_;
    const program_facts facts_{directory_, words_, what_, variables_, 1, 0};
    observation now_{{}, 0, sampler(session_.handle(), 1), {}};
    std::vector<std::string> told_;
    bool slow_ = false;
    live_reports reports_{session_.handle(), facts_, signals_,
                          [this](const report_outcome& outcome) { told_.push_back(outcome.path); }};
};

TEST_F(live_reports_test, without_a_request_there_is_none) {
    EXPECT_GT(look(1), 100);
    ::usleep(20'000);
    look(2);
    EXPECT_TRUE(told_.empty());
}

TEST_F(live_reports_test, a_request_of_the_programs_is_answered_once) {
    session_.reports_requested = 1;
    EXPECT_LT(look(1), 100);
    look_until_told(1);
    EXPECT_EQ(told_.front(), "/running");
    EXPECT_GT(look(2), 100);
    session_.reports_requested = 2;
    look_until_told(2);
}

TEST_F(live_reports_test, one_of_ours_waits_a_moment_for_the_programs_and_is_the_same) {
    reports_.ask(1);
    look(1.001);
    session_.reports_requested = 1;
    look(1.002);
    look_until_told(1);
    look(9);
    ::usleep(20'000);
    look(10);
    EXPECT_EQ(told_.size(), 1u);
}

TEST_F(live_reports_test, one_of_ours_is_made_without_the_program_where_that_says_nothing) {
    reports_.ask(1);
    look(1.001);
    ::usleep(20'000);
    look(1.002);
    EXPECT_TRUE(told_.empty());
    now_.seconds = 1.5;
    look_until_told(1);
}

TEST_F(live_reports_test, those_that_come_while_one_is_made_are_one_afterwards) {
    slow_ = true;
    session_.reports_requested = 1;
    look(1);
    session_.reports_requested = 2;
    look(1.1);
    session_.reports_requested = 3;
    look_until_told(2);
    look(2);
    ::usleep(20'000);
    look(3);
    EXPECT_EQ(told_.size(), 2u);
}

TEST_F(live_reports_test, the_end_waits_for_the_one_that_is_made) {
    slow_ = true;
    session_.reports_requested = 1;
    look(1);
    reports_.finish();
    EXPECT_EQ(told_.size(), 1u);
    reports_.finish();
    EXPECT_EQ(told_.size(), 1u);
}

TEST_F(live_reports_test, a_visitor_is_answered_and_nobody_else_is_told) {
    session_.visits = {{7, FIL_VISIT_REPORT_OF_NOW}, {8, FIL_VISIT_REPORT_OF_PEAK}};
    EXPECT_LT(look(1), 100);
    for (int i = 0; i < 1000 && session_.visits_answered.size() < 2; ++i) {
        look(1);
        ::usleep(1000);
    }
    ASSERT_EQ(session_.visits_answered.size(), 2u);
    EXPECT_EQ(session_.visits_answered[0].number, 7u);
    EXPECT_EQ(session_.visits_answered[0].text, "/running/now");
    EXPECT_EQ(session_.visits_answered[1].number, 8u);
    EXPECT_EQ(session_.visits_answered[1].text, "/running");
    EXPECT_TRUE(told_.empty());
    EXPECT_GT(look(2), 100);
}

TEST_F(live_reports_test, a_look_is_given_by_a_child_and_waits_for_the_one_before_it) {
    session_.visits = {{1, FIL_VISIT_LOOK}, {2, FIL_VISIT_LOOK}};
    look(1);
    ASSERT_EQ(session_.visits_answered.size(), 1u);
    EXPECT_EQ(session_.visits_answered[0].status, FIL_OK);
    EXPECT_EQ(session_.visits_answered[0].text, "");  // the child sends it
    for (int i = 0; i < 1000 && session_.visits_answered.size() < 2; ++i) {
        look(1);
        ::usleep(1000);
    }
    EXPECT_EQ(session_.visits_answered.size(), 2u);
}

TEST_F(live_reports_test, who_comes_when_the_program_ended_is_sent_away) {
    session_.visits = {{3, FIL_VISIT_LOOK}};
    reports_.finish();
    ASSERT_EQ(session_.visits_answered.size(), 1u);
    EXPECT_EQ(session_.visits_answered[0].status, FIL_ERROR_STATE);
    EXPECT_EQ(session_.visits_answered[0].text, "the program has ended");
}

}  // namespace
}  // namespace fil::cli
