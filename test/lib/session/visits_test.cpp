#include "session/visits.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"

namespace fil {
namespace {

struct visitors : testing::Test {
    // Who waits at the other end.
    file_descriptor come(request_kind kind) {
        auto [here, there] = os::make_connection();
        all.add(kind, std::move(here));
        return std::move(there);
    }
    struct heard {
        long bytes;
        visit_answer answer;
        std::string text;
        bool has_file;
    };
    static heard hear(const file_descriptor& end) {
        visit_reply said{};
        const os::arrived_message got = os::receive_at_once(end.number(), &said, sizeof said);
        return {got.bytes, said.answer, said.text, got.attached.number() >= 0};
    }

    visits all;
};

TEST_F(visitors, are_taken_once_in_the_order_in_which_they_came) {
    EXPECT_FALSE(all.take());
    const file_descriptor one = come(request_kind::look), two = come(request_kind::report_of_now);
    const auto first = all.take(), second = all.take();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->kind, request_kind::look);
    EXPECT_EQ(second->kind, request_kind::report_of_now);
    EXPECT_NE(first->number, second->number);
    EXPECT_FALSE(all.take());
}

TEST_F(visitors, are_answered_once_and_hung_up_on) {
    const file_descriptor one = come(request_kind::look), two = come(request_kind::look);
    const auto first = all.take(), second = all.take();
    const file_descriptor file = os::make_file_in_memory();
    all.answer(second->number, true, "the look", file.number());
    EXPECT_EQ(hear(one).bytes, -1) << "it waits";
    const heard answer = hear(two);
    EXPECT_EQ(answer.bytes, long(sizeof(visit_reply)));
    EXPECT_EQ(answer.answer, visit_answer::done);
    EXPECT_EQ(answer.text, "the look");
    EXPECT_TRUE(answer.has_file);
    EXPECT_EQ(hear(two).bytes, 0);
    EXPECT_TRUE(os::facts_of(file.number())) << "it stays ours";
    all.answer(second->number, true, "again");
    all.answer(first->number, false, std::string(10'000, 'x'));
    const heard failed = hear(one);
    EXPECT_EQ(failed.answer, visit_answer::failed);
    EXPECT_EQ(failed.text, std::string(4095, 'x'));
    EXPECT_FALSE(failed.has_file);
}

TEST_F(visitors, left_to_another_process_are_not_answered_here) {
    const file_descriptor one = come(request_kind::look);
    all.leave_to_another(all.take()->number);
    EXPECT_EQ(hear(one).bytes, 0);
}

TEST_F(visitors, who_went_away_costs_nothing) {
    come(request_kind::look);
    const auto gone = all.take();
    ASSERT_TRUE(gone);
    all.answer(gone->number, true, "nobody hears it");
}

TEST_F(visitors, whom_there_is_no_room_for_is_hung_up_on) {
    std::vector<file_descriptor> ends;
    for (int i = 0; i < 64; ++i) ends.push_back(come(request_kind::look));
    EXPECT_EQ(hear(come(request_kind::look)).bytes, 0);
    EXPECT_EQ(hear(ends[63]).bytes, -1);
    all.leave_to_another(all.take()->number);
    EXPECT_EQ(hear(come(request_kind::look)).bytes, -1);
}

}  // namespace
}  // namespace fil
