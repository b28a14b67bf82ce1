#include "process/process_state.hpp"

#include <gtest/gtest.h>

#include <cstddef>

#include "process/process_recorder.hpp"

namespace fil {
namespace {

TEST(process_state, a_new_process_is_fresh_and_ignores_events) {
    const process_states states;
    EXPECT_EQ(states.now(), process_state::fresh);
    EXPECT_EQ(states.recorder(), nullptr);
}

TEST(process_state, is_changed_by_one_who_finds_what_was_expected) {
    process_states states;
    EXPECT_EQ(states.change(process_state::fresh, process_state::starting), process_state::fresh);
    EXPECT_EQ(states.change(process_state::fresh, process_state::running), process_state::starting);
    EXPECT_EQ(states.now(), process_state::starting);
    states.be(process_state::idle);
    EXPECT_EQ(states.now(), process_state::idle);
}

// Nobody asks it anything.
process_recorder& a_recorder() {
    alignas(process_recorder) static std::byte room[sizeof(process_recorder)];
    return reinterpret_cast<process_recorder&>(room);
}

TEST(process_state, events_go_to_a_recorder_while_it_runs) {
    process_states states;
    process_recorder& somebody = a_recorder();
    states.record_by(somebody);
    EXPECT_EQ(states.recorder(), &somebody);
    EXPECT_EQ(states.now(), process_state::running);
    states.ignore_events();
    EXPECT_EQ(states.recorder(), nullptr);
    EXPECT_EQ(states.now(), process_state::running);
}

// As a fork leaves it.
TEST(process_state, on_a_page_that_is_wiped_a_process_is_new) {
    process_states states;
    process_page page{};
    states.be(process_state::closed);
    states.stand_on(page);
    states.record_by(a_recorder());
    page.recorder = nullptr;
    page.state = {};
    EXPECT_EQ(states.now(), process_state::fresh);
    EXPECT_EQ(states.recorder(), nullptr);
}

}  // namespace
}  // namespace fil
