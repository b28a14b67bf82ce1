#include "fil/trace/trace_study.hpp"

#include <gtest/gtest.h>

#include "trace_events.hpp"

namespace fil::trace {
namespace {

trace_study study_of(const std::vector<event>& events) {
    // Callstack 7, which all events have, is of group 1.
    trace_study study({0, 0, 0, 0, 0, 0, 0, 1}, 2, events.size());
    for (const event& one : events) study.add(one);
    study.finish();
    return study;
}

event at(event one, std::uint64_t milliseconds) {
    one.milliseconds = milliseconds;
    return one;
}

TEST(trace_study, a_class_ends_with_its_power_of_two) {
    EXPECT_EQ(class_of(0), 0u);
    EXPECT_EQ(class_of(1), 0u);
    EXPECT_EQ(class_of(64), 6u);
    EXPECT_EQ(class_of(65), 7u);
    EXPECT_EQ(class_of(~std::uint64_t{0}), classes - 1);
}

TEST(trace_study, a_mapping_that_goes_was_its_makers) {
    event map = mapped(operation::map, 4096, 8192);
    map.callstack = callstack_id{7};
    const trace_study study = study_of({map, mapped(operation::unmap, 8192, 4096)});
    EXPECT_EQ(study.groups()[1].live, 4096);
    EXPECT_EQ(study.groups()[0].live, 0);
}

TEST(trace_study, counts_sizes_and_lifetimes_of_what_went) {
    const trace_study study =
        study_of({at(came(0, 60), 0), at(came(1, 100), 1), at(went(0), 9), at(came(2, 60), 9)});
    EXPECT_EQ(study.all().count, 3u);
    EXPECT_EQ(study.all().bytes, 220u);
    EXPECT_EQ(study.sizes()[6].count, 2u);
    EXPECT_EQ(study.sizes()[7].bytes, 100u);
    EXPECT_EQ(study.lives_ms()[4].count, 1u);                 // 9 ms: below 16
    EXPECT_EQ(study.lives_bytes()[class_of(100)].count, 1u);  // the other came meanwhile
    EXPECT_EQ(study.size_by_life()[6][7].count, 1u);
    EXPECT_EQ(study.size_by_life()[7][classes].count, 1u);  // to the end
    EXPECT_EQ(study.at_end().count, 2u);
    EXPECT_EQ(study.at_end().bytes, 160u);
    EXPECT_EQ(study.peak(), 160);
    EXPECT_EQ(study.peak_ms(), 1u);
}

TEST(trace_study, temporary_is_what_its_thread_frees_before_it_asks_again) {
    // Of the second thread, whose own next request comes later; the third block is not.
    const trace_study study = study_of({came(0, 8, 1), came(1, 8, 2), went(0, 1), went(1, 2),
                                        came(2, 8, 1), came(3, 8, 1), went(2, 1)});
    EXPECT_EQ(study.temporary().count, 2u);
    EXPECT_EQ(study.groups()[1].temporary.count, 2u);
}

TEST(trace_study, what_another_thread_frees_is_handed_over) {
    const trace_study study = study_of({came(0, 8, 1), went(0, 2), came(1, 8, 2), went(1, 2)});
    EXPECT_EQ(study.handed_over().count, 1u);
    EXPECT_EQ(study.temporary().count, 1u);
    EXPECT_EQ((study.hand_overs().at({1, 2}).bytes), 8u);
    EXPECT_EQ(study.threads().at(2).frees_of_others, 1u);
}

TEST(trace_study, a_chain_is_as_long_as_its_block_was_reallocated) {
    const trace_study study = study_of(
        {came(0, 8), moved(0, 1, 16), moved(1, 2, 32), went(2), came(3, 8), moved(3, 4, 4)});
    const std::map<std::uint32_t, std::uint64_t> chains{{1, 1}, {2, 1}};
    EXPECT_EQ(study.chains(), chains);
    EXPECT_EQ(study.moved().count, 3u);
    EXPECT_EQ(study.moved().bytes, 8u + 16u + 4u);  // no more than either holds
    EXPECT_EQ(study.temporary().count, 1u);         // the one that went; a move is no free
}

TEST(trace_study, a_line_has_a_peak_of_its_own_and_moments_who_held_what) {
    event other = came(1, 1000);
    other.callstack = callstack_id{3};
    const trace_study study = study_of({came(0, 600), went(0), other, came(2, 500)});
    EXPECT_EQ(study.groups()[1].peak, 600);
    EXPECT_EQ(study.groups()[0].peak, 1000);
    EXPECT_EQ(study.groups()[1].live, 500);
    ASSERT_EQ(study.moments().size(), 4u);
    const std::vector<std::pair<std::uint32_t, std::int64_t>> held{{0, 1000}, {1, 500}};
    EXPECT_EQ(study.moments().back().held, held);
    EXPECT_EQ(study.moments()[1].most, 600);
    EXPECT_EQ(study.moments()[1].live, 0);
}

TEST(trace_study, arenas_are_not_counted_beside_their_blocks) {
    const trace_study study =
        study_of({mapped(operation::map, 1 << 20, 1 << 20, layer::runtime_arena), came(0, 8),
                  mapped(operation::map, 1 << 22, 4096)});
    EXPECT_EQ(study.peak(), 4096 + 8);
}

}  // namespace
}  // namespace fil::trace
