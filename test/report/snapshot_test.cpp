#include "fil/report/snapshot.hpp"

#include <gtest/gtest.h>

using namespace fil::report;
using fil::mapping_kind;

TEST(snapshot, equal_frames_are_one) {
    snapshot made;
    const frame f{.function = "f", .file = "a.py", .line = 1};
    frame other = f;
    other.directory = "/elsewhere";
    EXPECT_EQ(made.add_frame(f), made.add_frame(f));
    EXPECT_NE(made.add_frame(f), made.add_frame(other));
    EXPECT_EQ(made.frames().size(), 2u);
    EXPECT_EQ(made.frames()[1], other);
}

TEST(snapshot, begins_with_the_empty_callstack) {
    snapshot made;
    ASSERT_EQ(made.callstacks().size(), 1u);
    const frame_index f = made.add_frame({.function = "f"});
    const callstack_index at = made.add_callstack(callstack_index::empty, f);
    EXPECT_NE(at, callstack_index::empty);
    EXPECT_EQ(made.callstacks()[to_index(at)], (callstack{callstack_index::empty, f}));
}

TEST(snapshot, adds_up_each_kind_of_memory_by_itself) {
    snapshot made;
    made.add_usage(mapping_kind::anonymous, callstack_index::empty, {10, 1});
    made.add_usage(mapping_kind::anonymous, callstack_index::empty, {-3, 0});
    made.add_usage(mapping_kind::shared, callstack_index::empty, {100, 1});
    EXPECT_EQ(made.total(mapping_kind::anonymous), 7);
    EXPECT_EQ(made.total(mapping_kind::shared), 100);
    EXPECT_EQ(made.total(mapping_kind::file), 0);
}
