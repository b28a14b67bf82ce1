#include "report/study_words.hpp"

#include <gtest/gtest.h>

#include "../../trace/trace_events.hpp"

namespace fil::report {
namespace {

using namespace trace;

std::vector<std::string> sentences_of(const std::vector<event>& events, std::uint32_t sample = 1) {
    trace_study study({}, 1, events.size());
    for (const event& one : events) study.add(one);
    study.finish();
    study_report report;
    report.sample = sample;
    report.study = &study;
    return study_sentences(report);
}

bool says(const std::vector<std::string>& sentences, std::string_view words) {
    return std::ranges::any_of(sentences,
                               [&](const std::string& one) { return one.find(words) != one.npos; });
}

TEST(study_words, classes_are_named_by_their_highest) {
    EXPECT_EQ(size_class_text(6), "64 B");
    EXPECT_EQ(size_class_text(15), "32 KiB");
    EXPECT_EQ(size_class_text(47), "128 TiB");
    EXPECT_EQ(time_class_text(0), "< 1 ms");
    EXPECT_EQ(time_class_text(3), "< 8 ms");
    EXPECT_EQ(time_class_text(11), "< 2.0 s");
    EXPECT_EQ(life_class_text(0), "nothing");
}

TEST(study_words, what_happened_is_said_and_what_did_not_is_not) {
    const auto said =
        sentences_of({came(0, 100), went(0), came(1, 100, 2), went(1, 3), came(2, 50)});
    EXPECT_TRUE(says(said, "3 blocks, 250 B in all"));
    EXPECT_TRUE(says(said, "at most 100 B at once"));
    EXPECT_TRUE(says(said, "1 (33.3 %) are temporary"));
    EXPECT_TRUE(
        says(said, "1 (33.3 %) are freed by another thread than the one that asked, 100 B"));
    EXPECT_TRUE(says(said, "1 are there to the end"));
    EXPECT_FALSE(says(said, "reallocated"));
    EXPECT_FALSE(says(said, "One block in"));
}

TEST(study_words, a_block_that_was_moved_says_how_often) {
    const auto said = sentences_of({came(0, 100), moved(0, 1, 200), moved(1, 2, 400)}, 10);
    EXPECT_TRUE(says(said, "One block in 10 was recorded"));
    EXPECT_TRUE(says(said, "2 times a block is reallocated, one of them 2 times"));
}

TEST(study_words, of_nothing_only_that_it_is_nothing) {
    EXPECT_EQ(sentences_of({}).size(), 1u);
}

}  // namespace
}  // namespace fil::report
