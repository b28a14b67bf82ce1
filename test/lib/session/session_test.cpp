// The supervisor's end, against processes that join as the recorder does; with the recorder itself:
// test/capi/session_test.cpp.

#include "session/session.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "serving.hpp"

namespace fil {
namespace {

struct sessions : testing::Test, test::serving {};

TEST_F(sessions, know_who_joined_and_what_they_hold) {
    EXPECT_EQ(address().supervisor_pid, getpid());
    EXPECT_EQ(here.find(0), nullptr);
    EXPECT_EQ(run([&](const session_address& whose) {
                  session_page* const page = join(whose, 1000);
                  if (page == nullptr) return 1;
                  return page->live == 1000 && page->supervisor_pid == getppid() ? 0 : 2;
              }),
              0);
    const joined_process* one = here.find(last);
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(one, here.find(0)) << "it was the first";
    EXPECT_EQ(one->parent_pid, getpid());
    EXPECT_EQ(std::filesystem::path(one->executable).filename(), "lib_session_test");
    EXPECT_TRUE(one->was_killed) << "it ended without a word";
    EXPECT_EQ(here.page().live, 0);
    EXPECT_EQ(one->numbers().peak, 1000);
}

TEST_F(sessions, children_that_are_left_out_run_on_and_are_counted) {
    here.leave_children_out(getpid());
    EXPECT_EQ(run([&](const session_address& whose) {
                  if (join(whose, 1) != nullptr) return 1;
                  return last_refusal() == refusal::none ? 0
                                                         : 2;  // it was told that it is wanted so
              }),
              0);
    EXPECT_EQ(here.left_out(), 1u);
    EXPECT_TRUE(here.processes().empty());
    EXPECT_EQ(here.refused().count, 0u);
}

TEST_F(sessions, a_recording_that_can_be_cut_is_refused_with_the_reason) {
    EXPECT_EQ(run([&](const session_address& whose) {
                  os::shared_memory memory;
                  memory.descriptor = memfd_create("test", 0);
                  return ftruncate(memory.descriptor, 4 << 20) == 0 &&
                                 join_session(whose, memory, true) == nullptr
                             ? 0
                             : 1;
              }),
              0);
    EXPECT_TRUE(here.processes().empty());
    EXPECT_EQ(here.refused().count, 1u);
    EXPECT_EQ(here.refused().first, make_refusal(refused_call::mapping, EINVAL));
}

TEST_F(sessions, who_says_why_it_is_not_there_is_counted_and_who_says_nothing_is_missed) {
    here.page().programs_started = 3;
    EXPECT_EQ(here.missed(), 4u) << "the program itself, too";
    const auto says_why = [](const session_address& whose) {
        say_refused(whose, std::uint32_t(make_refusal(SYS_mmap, ENOMEM)));
        return 0;
    };
    EXPECT_EQ(run(says_why), 0);
    EXPECT_EQ(here.refused().count, 1u);
    EXPECT_EQ(here.refused().first, make_refusal(SYS_mmap, ENOMEM));
    EXPECT_EQ(here.missed(), 3u);
    EXPECT_EQ(run(says_why), 0);
    here.page().programs_started = UINT32_MAX;  // somebody scribbled there
    EXPECT_EQ(here.missed(), 0u);
}

TEST_F(sessions, who_asks_for_a_report_hears_what_became_of_it) {
    EXPECT_EQ(
        run([&](const session_address& whose) {
            report_reply reply{};
            if (!ask_for_report(whose, reply)) return 1;
            return reply.status == 5 && std::string(reply.message) == std::string(999, 'x') ? 0 : 2;
        }),
        0);
    EXPECT_EQ(here.asked(), 0);
}

TEST_F(sessions, one_process_at_a_time_is_told_that_memory_is_low) {
    EXPECT_EQ(run([&](const session_address& whose) { return join(whose, 1) != nullptr ? 0 : 1; }),
              0);
    auto& words = here.process(0).header();
    here.tell_memory_is_low(last);
    EXPECT_EQ(words.memory_is_low, 1u);
    here.tell_memory_is_low(0);
    EXPECT_EQ(words.memory_is_low, 0u);
    here.tell_memory_is_low(1 << 22);  // nobody's
}

TEST_F(sessions, a_process_whose_memory_has_run_out_is_found_until_it_has_closed) {
    const pid_t child = start([](const session_address& whose) { join(whose, 100); });
    EXPECT_EQ(here.out_of_memory(), nullptr);
    here.process(0).header().last_word = last_words::asked;
    EXPECT_EQ(here.out_of_memory(), nullptr) << "nobody asked yet";
    here.page().asking += 1;
    EXPECT_EQ(here.out_of_memory(), &here.process(0));
    end(child);
    EXPECT_EQ(here.out_of_memory(), nullptr);
    EXPECT_EQ(here.page().live, 0);
}

}  // namespace
}  // namespace fil
