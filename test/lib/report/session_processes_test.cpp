#include "report/session_processes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../session/serving.hpp"
#include "fil/recording/view.hpp"
#include "fil/report/usage_reader.hpp"
#include "made_recording.hpp"

namespace fil {
namespace {

struct drawn_session : testing::Test, test::serving {
    ~drawn_session() override {
        for (const pid_t one : running) end(one);
    }
    // A process that holds 4,900 bytes, and runs on.
    pid_t runs() {
        running.push_back(start([&](const session_address& whose) { join(whose, 4900, content); }));
        return running.back();
    }
    session_processes drawn(std::int32_t pid) const { return processes_of(here, pid, {}, {}); }

    const std::vector<std::byte> content = small_recording();
    std::vector<pid_t> running;
};

std::vector<std::int32_t> pids(const session_processes& of) {
    std::vector<std::int32_t> all;
    for (const drawn_process& one : of.drawn) all.push_back(one.who.pid);
    return all;
}

TEST_F(drawn_session, all_that_hold_something_are_drawn_the_program_first) {
    const pid_t one = runs(), other = runs();
    const session_processes found = drawn(one);
    EXPECT_EQ(pids(found), (std::vector<std::int32_t>{one, other}));
    EXPECT_EQ(pids(drawn(other)).front(), other);
    EXPECT_FALSE(found.in_motion);
    EXPECT_TRUE(found.notes.empty());
    EXPECT_EQ(found.drawn[1].usage.used_bytes(), 4900);
    EXPECT_EQ(found.drawn[1].who.parent, getpid());
    EXPECT_FALSE(found.drawn[1].who.name.empty());
}

TEST_F(drawn_session, of_who_holds_nothing_only_a_number_is_said) {
    const pid_t one = runs();
    EXPECT_EQ(run([](const session_address& whose) { return join(whose, 70) != nullptr ? 0 : 1; }),
              0);
    here.process_ended(last);
    const session_processes found = drawn(one);
    EXPECT_EQ(pids(found), std::vector<std::int32_t>{one});
    report::facts about;
    here.page().sandboxed = 2;
    add_session_facts(about, here, found.drawn);
    EXPECT_EQ(about.others.count, 1u);
    EXPECT_EQ(about.others.most, 70);
    EXPECT_EQ(about.exact.unrecorded.sandboxed, 2u);
    EXPECT_EQ(about.exact.unrecorded.refused, 0u);
}

TEST_F(drawn_session, a_damaged_one_is_noted_and_the_programs_is_all) {
    const pid_t one = runs(), other = runs();
    test::spoil(here.process(1).view());
    const session_processes found = drawn(one);
    EXPECT_EQ(pids(found), std::vector<std::int32_t>{one});
    report::facts about;
    add_session_facts(about, here, found.drawn);
    ASSERT_EQ(about.notes.size() + found.notes.size(), 1u);
    EXPECT_THROW(drawn(other), damaged_recording);
}

TEST_F(drawn_session, where_memory_ran_out_it_is_what_is_there_now_and_the_request) {
    const pid_t one = runs(), other = runs();
    failed_request request{};
    request.pid = other;
    request.bytes = 1 << 20;
    request.callstack = callstack_id{2};
    const session_processes found = processes_of(here, one, request, {});
    ASSERT_EQ(pids(found), (std::vector<std::int32_t>{one, other}));
    EXPECT_EQ(found.drawn[0].usage.bytes(mapping_kind::requested), 0);
    EXPECT_EQ(found.drawn[1].usage.bytes(mapping_kind::requested), 1 << 20);
}

TEST_F(drawn_session, when_each_had_its_own_peak_is_told) {
    const pid_t one = runs();
    const own_peak_moment moment{0, 1.5};
    EXPECT_EQ(processes_of(here, one, {}, {&moment, 1}).drawn[0].who.peak_seconds, 1.5);
}

}  // namespace
}  // namespace fil
