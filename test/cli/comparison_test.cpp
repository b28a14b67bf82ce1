#include "lab/comparison.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

compared_allocator measured(const std::string& name, std::vector<double> seconds) {
    compared_allocator one;
    one.setting.allocator = name;
    std::vector<double> times;
    for (const double each : seconds) {
        replay_figures figures;
        figures.seconds = each;
        figures.steps = 1000;
        figures.samples = {{500, 1, 10 << 20, 20 << 20, 15 << 20, 0}, {1000, 2, 1, 1, 1, 0}};
        one.plain.push_back(figures);
        one.timed.push_back(figures);
    }
    for (const question& asked : questions()) {
        std::vector<double> values;
        for (std::size_t i = 0; i < one.plain.size(); ++i)
            values.push_back(asked.value(one.plain[i], one.timed[i]));
        one.answers.push_back(spread_of(values));
    }
    return one;
}

std::size_t question_of(const std::string& name) {
    for (std::size_t q = 0; q < questions().size(); ++q)
        if (questions()[q].name == name) return q;
    throw std::runtime_error(name);
}

compared_trace two(std::vector<double> first, std::vector<double> second) {
    compared_trace trace;
    trace.name = "job.filtrace <b>";
    trace.allocators.push_back(measured("one.so", std::move(first)));
    trace.allocators.push_back(measured("two.so", std::move(second)));
    return trace;
}

TEST(comparison, says_who_is_best_and_by_how_much) {
    const auto trace = two({1, 1.1, 1.05, 1, 1}, {2, 2.1, 2, 2.2, 2});
    const verdict found = verdict_of(trace, question_of("time an event"));
    EXPECT_EQ(found.best, 0);
    EXPECT_EQ(found.text, "one.so; the next one has 100 % more");
}

TEST(comparison, refuses_to_call_noise_a_difference) {
    const auto trace = two({1, 1.5, 1.2, 1.1, 1}, {1.4, 1.3, 1.6, 1.4, 1.7});
    const verdict found = verdict_of(trace, question_of("time an event"));
    EXPECT_EQ(found.best, -1);
    EXPECT_EQ(found.text, "nobody: one.so and two.so differ by no more than noise");
    EXPECT_EQ(verdict_of(trace, question_of("resident at the peak")).best, -1);
}

TEST(comparison, has_no_winner_of_what_was_measured_once) {
    const verdict found = verdict_of(two({1}, {2}), question_of("time an event"));
    EXPECT_EQ(found.best, -1);
    EXPECT_EQ(found.text, "nobody: each was measured once, so what is noise is not known");
    EXPECT_EQ(verdict_of(two({1, 1}, {2, 2}), question_of("time an event")).text,
              "nobody: each was measured twice, so what is noise is not known");
}

TEST(comparison, has_no_winner_where_so_few_times_do_not_tell) {
    const std::size_t time = question_of("time an event");
    EXPECT_EQ(verdict_of(two({1, 1.2, 1.1}, {1.3, 1.4, 1.5}), time).text,
              "nobody: one.so and two.so differ by more than noise, or not: 3 times do not tell");
    EXPECT_EQ(verdict_of(two({1, 1.2, 1.1, 1, 1.1, 1}, {1.3, 1.4, 1.5, 1.3, 1.4, 1.3}), time).best,
              0);
}

TEST(comparison, tells_what_was_not_asked_for_inside_of_blocks_and_beside) {
    const auto trace = two({1}, {2});
    const auto& answers = trace.allocators[0].answers;
    EXPECT_EQ(answers[question_of("unused inside of blocks")].median, 5);
    EXPECT_EQ(answers[question_of("resident beside blocks")].median, 5);
    EXPECT_EQ(answers[question_of("resident at the peak")].median, 20);
}

TEST(comparison, one_that_failed_has_a_row_that_says_why) {
    auto trace = two({1, 1, 1}, {2, 2, 2});
    trace.allocators[1].why_not = "it crashed: Aborted";
    EXPECT_EQ(verdict_of(trace, 0).text, "one allocator alone");
    const std::string page = comparison_page({trace}, "how");
    EXPECT_NE(page.find("two.so was not measured: it crashed: Aborted."), page.npos);
    EXPECT_NE(comparison_csv({trace}).find("\"it crashed: Aborted\""), std::string::npos);
    EXPECT_NE(comparison_json({trace}).find("\"failure\": \"it crashed: Aborted\""),
              std::string::npos);
}

TEST(comparison, what_is_not_known_is_called_that_and_what_was_not_asked_for_is_not_there) {
    auto trace = two({1, 1, 1}, {2, 2, 2});
    const std::size_t calls = question_of("system calls for memory");
    EXPECT_EQ(verdict_of(trace, calls).text, "not shown: it could not be measured here");
    EXPECT_FALSE(is_shown(trace, question_of("time an event, 2 x threads")));
    EXPECT_NE(comparison_csv({trace}).find("\"system calls for memory\",,,,,\"not shown\""),
              std::string::npos);
    EXPECT_NE(comparison_json({trace}).find("\"system calls for memory\": null"),
              std::string::npos);
    EXPECT_EQ(comparison_page({trace}, "how").find("2 x threads"), std::string::npos);
    for (compared_allocator& one : trace.allocators) {
        for (replay_figures& each : one.plain) {
            each.calls = one.setting.allocator == "one.so" ? 10 : 30;
            each.scaled_ns[0] = 5;
        }
        for (std::size_t q : {calls, question_of("time an event, 2 x threads")})
            one.answers[q] =
                spread_of(std::vector<double>(3, questions()[q].value(one.plain[0], one.timed[0])));
    }
    EXPECT_EQ(verdict_of(trace, calls).text, "one.so; the next one has 200 % more");
    EXPECT_TRUE(is_shown(trace, question_of("time an event, 2 x threads")));
    EXPECT_NE(comparison_page({trace}, "how").find("2 x threads"), std::string::npos);
}

TEST(comparison, names_are_shown_and_never_obeyed) {
    const std::string page = comparison_page({two({1}, {2})}, "how");
    EXPECT_EQ(page.find("<b>"), page.npos);
    EXPECT_NE(page.find("job.filtrace &lt;b&gt;"), page.npos);
}

// Blocks of other sizes need not come again: that is no leak.
TEST(figures_of, who_gives_no_block_again_though_it_is_asked_for_leaks) {
    const auto odd = [](const std::string& text) { return figures_of(text).what_is_odd(); };
    EXPECT_EQ(odd("released 5000\nwanted_again 5\ncame_again 0\ndone\n"), "");
    EXPECT_EQ(odd("released 5000\nwanted_again 500\ncame_again 9\ndone\n"), "");
    EXPECT_EQ(odd("released 5000\nwanted_again 500\ncame_again 0\ndone\n"),
              "it gave none of 5000 freed blocks again: it only leaks");
}

TEST(figures_of, of_time_that_is_kept_an_event_takes_what_processors_do) {
    replay_figures one = figures_of("steps 10\nseconds 60\ncpu 0.5\ndone\n");
    EXPECT_EQ(one.working_seconds(), 60);
    one.waited = true;
    EXPECT_EQ(one.working_seconds(), 0.5);
}

TEST(figures_of, what_was_not_finished_has_a_reason) {
    EXPECT_EQ(figures_of("malloc /lib/x.so\nsteps 5\n").why_not, "it ended before it was done");
    const replay_figures whole = figures_of(
        "malloc /lib/x.so\nsteps 5\nseconds 0.5\nsample 3 9 1 2 -1 0\nsample 1 8 1 9 6 2\n"
        "latency free 64 10 1 2 3 4\ncalls 7\ndone\n");
    EXPECT_EQ(whole.why_not, "");
    EXPECT_EQ(whole.library, "/lib/x.so");
    EXPECT_EQ(whole.calls, 7);
    ASSERT_EQ(whole.samples.size(), 2u);
    EXPECT_EQ(whole.samples[0].steps, 1u);
    EXPECT_EQ(whole.samples[0].inside(), 5);
    EXPECT_EQ(whole.samples[0].beside(), 5);  // what was never touched is nowhere
    ASSERT_EQ(whole.latencies.size(), 1u);
    EXPECT_EQ(whole.latencies[0].ns[3], 4);
}

}  // namespace
}  // namespace fil::cli
