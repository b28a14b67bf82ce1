// All headers are C++20 as well, in any order, and may be included twice.
#include "fil.h"
#include "fil_announce.h"
#include "fil_hooks.h"
#include "fil_snapshot.h"
#include "fil_supervisor.h"
#include "fil_trace.h"

#include <gtest/gtest.h>

TEST(fil_h, inits_set_the_size_of_their_struct) {
    const fil_process process = FIL_PROCESS_INIT;
    EXPECT_EQ(process.struct_size, sizeof process);
    const fil_report_options options = FIL_REPORT_OPTIONS_INIT;
    EXPECT_EQ(options.struct_size, sizeof options);
    EXPECT_EQ(options.directory.data, nullptr);
    const fil_session_facts facts = FIL_SESSION_FACTS_INIT;
    EXPECT_EQ(facts.struct_size, sizeof facts);
    EXPECT_EQ(facts.sample_size, sizeof(fil_sample));
    EXPECT_EQ(facts.untouched_size, sizeof(fil_untouched));
    EXPECT_EQ(facts.unseen_allocator_bytes, 0u);
    const fil_source source = FIL_SOURCE_INIT;
    EXPECT_EQ(source.struct_size, sizeof source);
}

TEST(fil_h, a_report_without_a_recorder_says_so) {
    fil_report_options options = FIL_REPORT_OPTIONS_INIT;
    fil_error error = FIL_ERROR_INIT;
    char path[100];
    EXPECT_EQ(fil_recording_report(&options, path, sizeof path, &error), FIL_ERROR_STATE);
    EXPECT_STRNE(error.message, "");
}

TEST(fil_h, a_session_without_processes_has_nothing_to_report) {
    fil_session* session = nullptr;
    fil_error error = FIL_ERROR_INIT;
    ASSERT_EQ(fil_session_new(&session, &error), FIL_OK) << error.message;
    EXPECT_GE(fil_session_descriptor(session), 0);
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    ASSERT_EQ(fil_session_read(session, &numbers), FIL_OK);
    EXPECT_EQ(numbers.processes, 0u);
    fil_process process = FIL_PROCESS_INIT;
    EXPECT_EQ(fil_session_process(session, 0, &process), FIL_ERROR_ARGUMENT);
    fil_report_options options = FIL_REPORT_OPTIONS_INIT;
    fil_session_facts facts = FIL_SESSION_FACTS_INIT;
    EXPECT_EQ(fil_session_report(session, &options, &facts, nullptr, 0, &error), FIL_ERROR_EMPTY);
    fil_session_free(session);
}

TEST(fil_h, an_old_callers_shorter_struct_is_filled_as_far_as_it_goes) {
    fil_session* session = nullptr;
    ASSERT_EQ(fil_session_new(&session, nullptr), FIL_OK);
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    numbers.struct_size = offsetof(fil_session_numbers, processes);
    numbers.processes = 12345;
    ASSERT_EQ(fil_session_read(session, &numbers), FIL_OK);
    EXPECT_EQ(numbers.processes, 12345u);
    EXPECT_EQ(numbers.struct_size, offsetof(fil_session_numbers, processes));
    fil_session_free(session);
}
