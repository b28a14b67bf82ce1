// A report is taken from a process that runs on: the moment is named, the peak held meanwhile, and
// whoever asked for it goes on afterwards.

#include "report/live_copy.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>

#include "fil_hooks.h"
#include "fil_supervisor.h"
#include "os/os.hpp"

namespace fil {
namespace {

alignas(64) char blocks[4][1024];

fil_callstack stack(std::uint32_t line) {
    const fil_text name{"work", 4}, file{"work.c", 6};
    return fil_callstack_child(FIL_CALLSTACK_UNKNOWN,
                               fil_function_intern(FIL_FUNCTION_ANNOUNCED, name, file, 1), line);
}

// A process that does one step at each byte it is sent, and answers with one when it is done.
class stepping_process {
  public:
    template <typename Step>
    stepping_process(session& session, Step step) : session_(session) {
        setenv("FIL_SESSION", session.environment().c_str(), 1);
        if (pipe(orders_) != 0 || pipe(answers_) != 0) std::abort();
        child_ = fork();
        if (child_ == 0) run(step);
        close(orders_[0]);
        close(answers_[1]);
        orders_[0] = answers_[1] = -1;
        EXPECT_TRUE(is_done(5000)) << "never started";
    }
    ~stepping_process() {
        close(orders_[1]);
        waitpid(child_, nullptr, 0);
        close(answers_[0]);
    }
    stepping_process(const stepping_process&) = delete;

    void begin(char step) { ASSERT_EQ(write(orders_[1], &step, 1), 1); }
    bool is_done(int milliseconds) {
        for (; milliseconds > 0; milliseconds -= 5) {
            session_.serve();
            pollfd answered{answers_[0], POLLIN, 0};
            if (poll(&answered, 1, 5) <= 0) continue;
            char byte = 0;
            return read(answers_[0], &byte, 1) == 1;
        }
        return false;
    }
    void does(char step) {
        begin(step);
        ASSERT_TRUE(is_done(5000));
    }
    live_copy copy() const { return copy_live(session_, {session_.processes().at(0).view()}); }

  private:
    template <typename Step>
    [[noreturn]] void run(Step step) {
        fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
        options.memory = FIL_MEMORY_SESSION;
        if (fil_recorder_start(&options, nullptr) != FIL_OK) _exit(99);
        close(orders_[1]);
        for (char order = 0;;) {
            if (write(answers_[1], &order, 1) != 1 || read(orders_[0], &order, 1) != 1) _exit(0);
            step(order);
        }
    }

    session& session_;
    int orders_[2], answers_[2];
    pid_t child_ = -1;
};

std::map<std::uint32_t, std::int64_t> by_line(const session& session, const live_copy& copy) {
    std::map<std::uint32_t, std::int64_t> found;
    const recording_view view = session.processes().at(0).view();
    const auto& table = copy.usage.at(0)->by_kind[0];
    for (std::uint32_t id = 2; id < table.size(); ++id) {
        if (table[id].bytes != 0) found[view.callstack(callstack_id{id})->line] = table[id].bytes;
    }
    return found;
}
using lines = std::map<std::uint32_t, std::int64_t>;

void rise_and_fall(char step) {
    switch (step) {
        case 'a':
            fil_record_alloc_at(blocks[0], 1000, stack(1));
            fil_record_alloc_at(blocks[1], 500, stack(2));
            break;
        case 'b':
            fil_record_free(blocks[0]);
            fil_record_alloc_at(blocks[2], 200, stack(3));
            break;
        case 'c':
            fil_record_alloc_at(blocks[3], 5000, stack(4));
            break;
        case 'r':
            fil_recorder_request_report(5000);
    }
}

TEST(live_copy, is_of_this_moment_while_that_is_the_peak) {
    session session;
    stepping_process process(session, rise_and_fall);
    process.does('a');
    const live_copy copy = process.copy();
    EXPECT_EQ(copy.peak, 1500);
    EXPECT_FALSE(copy.in_motion);
    EXPECT_EQ(by_line(session, copy), (lines{{1, 1000}, {2, 500}}));
}

TEST(live_copy, names_the_moment_so_that_it_is_kept) {
    session session;
    stepping_process process(session, rise_and_fall);
    process.does('a');
    process.copy();
    process.does('b');
    const live_copy later = process.copy();
    EXPECT_EQ(later.peak, 1500);
    EXPECT_EQ(by_line(session, later), (lines{{1, 1000}, {2, 500}}));
    process.does('c');
    EXPECT_EQ(by_line(session, process.copy()), (lines{{2, 500}, {3, 200}, {4, 5000}}));
}

TEST(live_copy, is_of_an_earlier_peak_where_that_was_higher) {
    session session;
    stepping_process process(session, rise_and_fall);
    process.does('a');
    process.does('b');
    const live_copy copy = process.copy();
    EXPECT_EQ(copy.peak, 1500);
    EXPECT_EQ(by_line(session, copy), (lines{{1, 1000}, {2, 500}}));
}

TEST(held_peak, is_waited_for_by_who_would_raise_it_and_nobody_else) {
    session session;
    stepping_process process(session, rise_and_fall);
    const auto hold = [&] { session.page().held_until = os::monotonic_ns() + 49'000'000; };
    hold();
    process.does('a');  // grows: does not raise it
    hold();
    process.begin('b');  // shrinks, from above the peak
    for (int i = 0; i < 5; ++i) {
        hold();
        EXPECT_FALSE(process.is_done(10));
    }
    session.page().held_until = 0;
    EXPECT_TRUE(process.is_done(5000));
}

TEST(held_peak, that_somebody_scribbled_there_holds_nobody) {
    session session;
    stepping_process process(session, rise_and_fall);
    session.page().held_until = os::monotonic_ns() + 3'600'000'000'000;
    process.does('a');
    process.begin('b');
    EXPECT_TRUE(process.is_done(5000));
}

TEST(held_peak, that_was_forgotten_holds_nobody) {
    session session;
    stepping_process process(session, rise_and_fall);
    session.page().held_until = 1;
    process.does('a');
    process.does('b');
    EXPECT_EQ(session.page().peak, 1500);
}

TEST(held_peak, is_let_go_after_a_copy) {
    session session;
    stepping_process process(session, rise_and_fall);
    process.does('a');
    process.copy();
    EXPECT_EQ(session.page().held_until, 0);
}

TEST(requested_report, lets_the_program_go_on_when_the_counters_are_copied) {
    session session;
    stepping_process process(session, rise_and_fall);
    for (std::uint32_t number = 1; number <= 3; ++number) {
        process.begin('r');
        EXPECT_FALSE(process.is_done(50));
        EXPECT_EQ(session.page().reports_requested, number);
        process.copy();
        EXPECT_TRUE(process.is_done(5000));
    }
}

TEST(requested_report, does_not_wait_for_ever) {
    session session;
    stepping_process process(session, [](char) { fil_recorder_request_report(10); });
    process.does('r');
    EXPECT_EQ(session.page().reports_requested, 1u);
}

TEST(requested_report, is_nothing_without_a_supervisor) {
    fil_recorder_request_report(60'000);
}

}  // namespace
}  // namespace fil
