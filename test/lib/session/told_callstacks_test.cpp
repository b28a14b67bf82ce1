#include "session/told_callstacks.hpp"

#include <gtest/gtest.h>

#include <string>

#include "fil/recording/view.hpp"

namespace fil {
namespace {

told_function named(const std::string& name) {
    return {function_kind{1}, name, "/game/" + name + ".x", "/game", 3};
}

TEST(told_callstacks, of_the_same_content_are_the_same) {
    told_callstacks told;
    const function_id load = told.function(named("load")), draw = told.function(named("draw"));
    EXPECT_EQ(told.function(named("load")), load);
    EXPECT_NE(load, draw);
    told_function other = named("load");
    other.first_line = 4;
    EXPECT_NE(told.function(other), load);
    const callstack_id outer = told.child(callstack_id::none, load, 5);
    EXPECT_EQ(told.child(callstack_id::unknown, load, 5), outer) << "the root is one";
    EXPECT_NE(told.child(outer, draw, 6), told.child(outer, draw, 7));
    EXPECT_EQ(told.child(outer, draw, 6), told.child(outer, draw, 6));
}

TEST(told_callstacks, knows_what_it_was_told) {
    told_callstacks told;
    EXPECT_TRUE(told.knows(callstack_id::none) && told.knows(callstack_id::unknown));
    EXPECT_FALSE(told.knows(callstack_id{2}));
    EXPECT_FALSE(told.knows(function_id::none));
    EXPECT_FALSE(told.knows(function_id{1}));
    const function_id load = told.function(named("load"));
    const callstack_id outer = told.child(callstack_id::unknown, load, 5);
    EXPECT_TRUE(told.knows(load) && told.knows(outer));
    EXPECT_FALSE(told.knows(callstack_id{to_index(outer) + 1}));
    EXPECT_FALSE(told.knows(function_id{to_index(load) + 1}));
}

TEST(told_callstacks, become_a_recording_as_a_process_has) {
    told_callstacks told;
    callstack_id at = callstack_id::unknown;
    for (int i = 0; i < 5000; ++i)
        at = told.child(at, told.function(named(std::string(300, 'x') + std::to_string(i))),
                        std::uint32_t(i));
    const trace::bytes made = told.recording(42, 41);
    const recording_view view(made.data(), made.size());
    ASSERT_EQ(view.check(), recording_check::good);
    EXPECT_EQ(view.header().pid, 42);
    EXPECT_EQ(view.header().parent_pid, 41);
    EXPECT_EQ(view.callstack_count(), 5002u);
    const callstack_record* last = view.callstack(at);
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->line, 4999u);
    EXPECT_EQ(view.text(view.function(last->function)->name), std::string(300, 'x') + "4999");
    EXPECT_EQ(view.text(view.function(last->function)->directory), "/game");
}

TEST(told_callstacks, none_are_a_recording_too) {
    const trace::bytes made = told_callstacks().recording(42, 1);
    EXPECT_EQ(recording_view(made.data(), made.size()).check(), recording_check::good);
}

}  // namespace
}  // namespace fil
