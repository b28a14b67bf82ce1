// What is counted in a run: test/capi/run_test.cpp.

#include "process/run_control.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "process/block_events.hpp"
#include "process_fixture.hpp"

namespace fil {
namespace {

alignas(64) char blocks[2][64];

fil_status check() {
    return this_process.runs().check();
}
fil_status begin() {
    fil_run_options options{};
    options.struct_size = sizeof options;
    options.title = {"a run", 5};
    return this_process.runs().begin(options);
}
fil_status end(fil_run_numbers& numbers) {
    numbers = {};
    numbers.struct_size = sizeof numbers;
    return this_process.runs().end(numbers);
}

TEST(run_control, says_why_there_can_be_no_run) {
    EXPECT_TRUE(elsewhere([] {
        unsetenv("FIL_SESSION");
        const bool no_session = check() == FIL_ERROR_NO_SESSION;
        setenv("FIL_SESSION", "2:1:x:/x", 1);
        return no_session && check() == FIL_ERROR_NOT_RECORDED;
    }));
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        fil_run_numbers numbers;
        return check() == FIL_ERROR_WHOLE_PROGRAM && begin() == FIL_ERROR_IN_RUN &&
               end(numbers) == FIL_ERROR_WHOLE_PROGRAM;
    }));
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately(FIL_ON_REQUEST));
        this_process.stop();
        return check() == FIL_ERROR_STATE;
    }));
}

TEST(run_control, one_begins_at_nothing_and_ends_with_its_numbers) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately(FIL_ON_REQUEST));
        fil_run_numbers numbers;
        if (check() != FIL_OK || end(numbers) != FIL_ERROR_STATE) return false;
        for (int round = 0; round < 2; ++round) {
            if (begin() != FIL_OK || check() != FIL_ERROR_IN_RUN) return false;
            block_events::alloc_at(blocks[0], 10 << 20, this_process.recorder().root());
            block_events::alloc_at(blocks[1], 5 << 20, this_process.recorder().root());
            block_events::free(blocks[0]);
            if (end(numbers) != FIL_OK) return false;
            if (numbers.live != 5 << 20 || numbers.peak != 15 << 20) return false;
            block_events::alloc_at(blocks[0], 9, callstack_id::unknown);  // nobody's business
        }
        return check() == FIL_OK;
    }));
}

TEST(run_control, of_a_run_the_recording_tells) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately(FIL_ON_REQUEST));
        const recording_view view = this_process.recorder().view();
        if (view.run() != nullptr || begin() != FIL_OK) return false;
        const run_record* run = view.run();
        const bool is_on = run != nullptr && run->on == 1 && view.text(run->title) == "a run";
        const callstack_id root = run->root;
        fil_run_numbers numbers;
        end(numbers);
        const bool is_over = run->on == 0;
        begin();
        return is_on && is_over && run->root != root;  // each has one of its own
    }));
}

}  // namespace
}  // namespace fil
